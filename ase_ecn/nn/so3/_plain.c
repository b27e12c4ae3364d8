/* For any processor. */
#define TARGET plain
#define BYTES 16
#include "_precisions.h"
