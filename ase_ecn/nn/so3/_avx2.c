/* For x86 processors since 2013. */
#if defined(__x86_64__)
#pragma GCC target("avx2,fma")
#define TARGET avx2
#define WITH_DOUBLES 1
#define BYTES 32
#include "_precisions.h"
#endif
