/* For x86 processors with vectors of 64 bytes. */
#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma,prefer-vector-width=512")
#endif
#define TARGET avx512
#define WITH_DOUBLES 0
#define BYTES 64
#include "_builds.h"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
