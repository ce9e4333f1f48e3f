// TensorFlow's kernels.h reads IS_MOBILE_PLATFORM from here. It is not set on the systems that set-up compiles for, and set-up does not unpack this header.
