/* Forgets what _convolution.h defined, for the next precision. */
#undef VEC
#undef LANES
#undef LOAD
#undef ADD
#undef WEIGHTS
#undef FORWARD_ARGUMENTS
#undef DUAL_FORWARD_ARGUMENTS
#undef BACKWARD_ARGUMENTS
#undef PARAMETERS_ARGUMENTS
#undef DUAL_PARAMETERS_ARGUMENTS
#undef PATHS
#undef HAS
#undef ZERO
#undef KINDS
#undef BY_DEGREE
