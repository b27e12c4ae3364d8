/* exp(x) of a vector of floats to 1e-7: 2^k times a polynomial of the rest. */
typedef int32_t NAME(integers) __attribute__((vector_size(BYTES)));
INLINE VEC NAME(exponential)(VEC x)
{
    const VEC low = (VEC){0} - 87, high = (VEC){0} + 88;
    const NAME(integers) below = x < low, above = x > high;
    x = (VEC)((below & (NAME(integers))low) | (above & (NAME(integers))high)
              | (~(below | above) & (NAME(integers))x));
    /* Conversion cuts off; what it cuts is positive. */
    const NAME(integers) whole =
        __builtin_convertvector(x * 1.44269504f + 128.5f, NAME(integers)) - 128;
    const VEC k = __builtin_convertvector(whole, VEC);
    const VEC r = (x - k * 0.693359375f) + k * 2.12194440e-4f;
    VEC p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1;
    const NAME(integers) power = (whole + 127) << 23;
    return p * (VEC)power;
}
