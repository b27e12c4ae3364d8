/* A pass by one set of instructions in both precisions. Included by a file that defines TARGET, a
   suffix, and BYTES, the width of a register, and has told the compiler which instructions it may
   use; with WITH_DOUBLES 0 there are none of doubles. */

#include <math.h>
#include <stdlib.h>

#include "../so3/_layer.h"
#include "_empnn.h"

#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)

#define REAL float
#define BAND_HERE 12
#define NAME(x) JOIN(x, JOIN(f32, TARGET))
#include "../so3/_vectors.h"
#include "../so3/_exponential.h"
#include "../so3/_product.h"
#include "_bonds.h"
#include "_atoms.h"
#include "_crystals.h"
#include "../so3/_done.h"
const RunPass JOIN(pass_f32, TARGET) = NAME(run_pass);
#undef REAL
#undef BAND_HERE
#undef NAME

#if WITH_DOUBLES
#define REAL double
#define BAND_HERE BAND
#define NAME(x) JOIN(x, JOIN(f64, TARGET))
#include "../so3/_vectors.h"
#include "../so3/_library_exponential.h"
#include "../so3/_product.h"
#include "_bonds.h"
#include "_atoms.h"
#include "_crystals.h"
#include "../so3/_done.h"
const RunPass JOIN(pass_f64, TARGET) = NAME(run_pass);
#endif
