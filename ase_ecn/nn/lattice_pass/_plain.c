/* For any processor. */
#define TARGET plain
#define WITH_DOUBLES 1
#define BYTES 16
#include "_builds.h"
