"""An SO(3)-equivariant crystal network and the C functions of its convolution."""
