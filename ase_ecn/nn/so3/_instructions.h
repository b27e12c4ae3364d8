/* Which build of a function runs here. */

#ifndef SO3_INSTRUCTIONS_H
#define SO3_INSTRUCTIONS_H

/* What ctypes looks up. */
#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

enum { PLAIN, AVX2, AVX512 };

/* The best set of instructions here, at most `limit`. */
static inline int best_instructions(int limit)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (limit >= AVX512 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"))
        return AVX512;
    if (limit >= AVX2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return AVX2;
#endif
    (void)limit;
    return PLAIN;
}

/* Doubles have no build for AVX-512. */
#if defined(__x86_64__)
#define CHOOSE(name, doubles, instructions) \
    ((doubles) ? (instructions) >= AVX2 ? name##_f64_avx2 : name##_f64_plain \
     : (instructions) == AVX512 ? name##_f32_avx512 \
     : (instructions) == AVX2   ? name##_f32_avx2 \
                                : name##_f32_plain)
#else
#define CHOOSE(name, doubles, instructions) ((doubles) ? name##_f64_plain : name##_f32_plain)
#endif

#endif
