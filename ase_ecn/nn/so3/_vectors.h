/* Vectors of BYTES, the width of the processor's registers: LANES numbers of one precision.

   REAL, BYTES and NAME are defined by the file that includes this; _done.h forgets the rest. */

typedef REAL NAME(vec) __attribute__((vector_size(BYTES), aligned(sizeof(REAL)), may_alias));
#define VEC NAME(vec)
#define LANES ((int64_t)(BYTES / sizeof(REAL)))
#define LOAD(p) (*(const VEC *)(p))
#define ADD(p, v) (*(VEC *)(p) = *(const VEC *)(p) + (v))

INLINE REAL NAME(sum)(VEC v)
{
    REAL s = 0;
    for (int i = 0; i < LANES; i++)
        s += v[i];
    return s;
}
