/* exp(x) of a vector by the C library, for doubles. */
INLINE VEC NAME(exponential)(VEC x)
{
    for (int i = 0; i < LANES; i++)
        x[i] = exp(x[i]);
    return x;
}
