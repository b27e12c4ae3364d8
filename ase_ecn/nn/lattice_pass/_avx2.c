/* For x86 processors since 2013. */
#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif
#define TARGET avx2
#define WITH_DOUBLES 1
#define BYTES 32
#include "_builds.h"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
