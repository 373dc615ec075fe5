/* prefix_isa for one instruction set: DT_PREFIX_ISA names it, the compiler flags choose it. Vectors are written with
 * the vector extension of gcc and clang; only the bf16 dot product is an intrinsic. */
#include "autograd/kernels/prefix_isa.h"

#include <string.h>

#ifndef DT_PREFIX_ISA
#define DT_PREFIX_ISA plain
#endif
#define DT_PASTE_(a, b) a##b
#define DT_PASTE(a, b) DT_PASTE_(a, b)
#define DT_QUOTE_(a) #a
#define DT_QUOTE(a) DT_QUOTE_(a)

#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX2__)
#define LANES 8
#else
#define LANES 4
#endif
#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 32") /* constant bounds: accumulators must end up in registers */

enum { NV = DT_PREFIX_WORDS / LANES }; /* vectors of a line */
typedef float V __attribute__((vector_size(LANES * sizeof(float))));
typedef uint32_t U __attribute__((vector_size(LANES * sizeof(float))));
typedef uint16_t H __attribute__((vector_size(LANES * sizeof(uint16_t))));

#include "autograd/kernels/prefix_lines.h"
#include "autograd/kernels/prefix_tile.h"
#include "autograd/kernels/prefix_outer.h"

#define TILE(r, q, b)                                                                                                  \
    static void tile_##r##x##q##x##b##_f32(const struct dt_prefix_tile *t)                                             \
    {                                                                                                                  \
        tile(t, false, r, q, b);                                                                                       \
    }                                                                                                                  \
    static void tile_##r##x##q##x##b##_bf16(const struct dt_prefix_tile *t)                                            \
    {                                                                                                                  \
        tile(t, true, r, q, b);                                                                                        \
    }
#define SHAPE(r, q, b)                                                                                                 \
    {                                                                                                                  \
        r, q, b,                                                                                                       \
        {                                                                                                              \
            tile_##r##x##q##x##b##_f32, tile_##r##x##q##x##b##_bf16                                                    \
        }                                                                                                              \
    }

/* As many accumulators as there are registers for, 16, 8 or 8; more pixels for fewer output channels. */
#if LANES == 16
TILE(2, 8, 1)
TILE(1, 8, 2)
TILE(4, 4, 1)
TILE(2, 4, 2)
TILE(8, 2, 1)
TILE(4, 2, 2)
#define SHAPES SHAPE(2, 8, 1), SHAPE(1, 8, 2), SHAPE(4, 4, 1), SHAPE(2, 4, 2), SHAPE(8, 2, 1), SHAPE(4, 2, 2)
#elif LANES == 8
TILE(1, 4, 1)
TILE(2, 2, 1)
#define SHAPES SHAPE(1, 4, 1), SHAPE(2, 2, 1)
#else
TILE(1, 2, 1)
#define SHAPES SHAPE(1, 2, 1)
#endif

const struct dt_prefix_isa DT_PASTE(dt_prefix_, DT_PREFIX_ISA);
const struct dt_prefix_isa DT_PASTE(dt_prefix_, DT_PREFIX_ISA) = {
    .name = DT_QUOTE(DT_PREFIX_ISA),
    .shape = { SHAPES, { 0, 0, 0, { NULL, NULL } } },
    .copy = { copy_f32, copy_bf16 },
    .copy_pairs = copy_pairs,
    .outer = { outer_f32, outer_bf16 },
};
