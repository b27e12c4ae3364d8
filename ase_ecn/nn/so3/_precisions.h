/* The functions of one set of instructions in both precisions, and the table of them. Included by
   a
   file that defines TARGET, a suffix, and BYTES, the width of a register, and has told the compiler
   which instructions it may use. Doubles are for tests and second derivatives; with WITH_DOUBLES 0
   there are none. */

#include "_layer.h"

#include <math.h>

#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)

#define REAL float
#define R(x) ((float)(x))
#define NAME(x) JOIN(x, JOIN(f32, TARGET))
static inline float NAME(root)(float x) { return sqrtf(x); }
#include "_vectors.h"
#include "_convolution.h"
#include "_geometry.h"
#include "_exponential.h"
#include "_activation.h"
#include "_product.h"
#include "_scaling.h"
#include "_done.h"
const RunRange JOIN(convolution_f32, TARGET) = NAME(run_range);
const RunGeometry JOIN(geometry_f32, TARGET) = NAME(run_geometry);
const RunActivation JOIN(activation_f32, TARGET) = NAME(run_activation);
const RunProduct JOIN(product_f32, TARGET) = NAME(run_product);
const RunScaling JOIN(scaling_f32, TARGET) = NAME(run_scaling);
#undef REAL
#undef R
#undef NAME

#if WITH_DOUBLES
#define REAL double
#define R(x) (x)
#define NAME(x) JOIN(x, JOIN(f64, TARGET))
static inline double NAME(root)(double x) { return sqrt(x); }
#include "_vectors.h"
#include "_convolution.h"
#include "_geometry.h"
#include "_library_exponential.h"
#include "_activation.h"
#include "_product.h"
#include "_scaling.h"
#include "_done.h"
const RunRange JOIN(convolution_f64, TARGET) = NAME(run_range);
const RunGeometry JOIN(geometry_f64, TARGET) = NAME(run_geometry);
const RunActivation JOIN(activation_f64, TARGET) = NAME(run_activation);
const RunProduct JOIN(product_f64, TARGET) = NAME(run_product);
const RunScaling JOIN(scaling_f64, TARGET) = NAME(run_scaling);
#endif
