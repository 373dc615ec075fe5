/* rows_half: the plain kernels for bfloat16 activations. */
#ifdef DT_F64
typedef int dt_rows_no_half; /* the twin has none */
#else
#define DT_ROWS_HALF 1
#include "autograd/kernels/rows_isa.c"
#endif
