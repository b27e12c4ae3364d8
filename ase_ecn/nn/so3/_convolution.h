/* The convolution for one precision and one set of instructions; see _convolution.c.

   REAL, BYTES, NAME and R are defined by the file that includes this, and vectors by _vectors.h. */

#define WEIGHTS(f) \
    (f[0] * LOAD(t + u) + f[1] * LOAD(t + width + u) + f[2] * LOAD(t + 2 * width + u) \
     + f[3] * LOAD(t + 3 * width + u))

#define FORWARD_ARGUMENTS \
    const int64_t m, const int64_t width, const REAL *restrict y, const REAL *restrict h, \
    const REAL *restrict t, const REAL *restrict x, REAL *restrict a, const int64_t ca
#define DUAL_FORWARD_ARGUMENTS \
    const int64_t m, const int64_t width, const REAL *restrict y, const REAL *restrict yd, \
    const REAL *restrict h, const REAL *restrict hd, const REAL *restrict t, \
    const REAL *restrict x, const REAL *restrict xd, REAL *restrict a, REAL *restrict ad, \
    const int64_t ca
#define BACKWARD_ARGUMENTS \
    const int64_t m, const int64_t width, const REAL *restrict y, const REAL *restrict h, \
    const REAL *restrict hr, const REAL *restrict t, const REAL *restrict x_, \
    const REAL *restrict g, const int64_t cg, REAL *restrict gx, VEC *restrict gy, \
    VEC *restrict gr
#define PARAMETERS_ARGUMENTS \
    const int64_t m, const int64_t width, const REAL *restrict y, const REAL *restrict h, \
    const REAL *restrict t, const REAL *restrict x_, const REAL *restrict g, const int64_t cg, \
    REAL *restrict gx, REAL *restrict gt
#define DUAL_PARAMETERS_ARGUMENTS \
    const int64_t m, const int64_t width, const REAL *restrict y, const REAL *restrict yd, \
    const REAL *restrict h, const REAL *restrict hd, const REAL *restrict t, \
    const REAL *restrict x_, const REAL *restrict xd_, const REAL *restrict g, \
    const REAL *restrict gd, const int64_t cg, REAL *restrict gx, REAL *restrict gxd, \
    REAL *restrict gt

#include "_paths.h"

/* Which couplings there are is known when this is compiled: `in` and `out` are the highest
   degrees of the layer's input and output, 0 for the first or the last layer. */
#define HAS(l1, l2, l3) (l1 <= in && l2 <= degree && l3 <= out)

#define ZERO(p, count) memset(p, 0, sizeof(REAL) * (size_t)(count))

/* Harmonics seen from the other end of the bond. */
INLINE void NAME(turned)(const int degree, const REAL *y, REAL *out)
{
    for (int l = 0; l <= degree; l++)
        for (int j = l * l; j < (l + 1) * (l + 1); j++)
            out[j] = l % 2 ? -y[j] : y[j];
}

INLINE void NAME(forward_body)(const Layer *c, int64_t first, int64_t last, const int in,
                               const int out, const int degree)
{
    const int64_t ny = (degree + 1) * (degree + 1), width = c->width;
    for (int64_t q = first; q < last; q++) {
        for (int l = 0; l <= out; l++)
            ZERO((REAL *)c->a[l] + q * (2 * l + 1) * c->channels[l], (2 * l + 1) * c->channels[l]);
        for (int64_t e = c->row[q]; e < c->row[q + 1]; e++) {
            const int64_t s = c->neighbor[e];
            const REAL *y = (const REAL *)c->y + ny * e, *h = (const REAL *)c->h + 4 * e;
            const REAL *t = (const REAL *)c->table + (int64_t)c->bin[e] * width;
#define P(l1, l2, l3) \
    if (HAS(l1, l2, l3)) \
        NAME(forward_##l1##_##l2##_##l3)(c->mul[l1], width, y, h, t + OFFSET(l1, l2, l3), \
            (const REAL *)c->x[l1] + s * (2 * l1 + 1) * c->mul[l1], \
            (REAL *)c->a[l3] + q * (2 * l3 + 1) * c->channels[l3] + CHANNEL(l1, l2, l3), \
            c->channels[l3]);
            PATHS(P)
#undef P
        }
    }
}

INLINE void NAME(dual_forward_body)(const Layer *c, int64_t first, int64_t last, const int in,
                                    const int out, const int degree)
{
    const int64_t ny = (degree + 1) * (degree + 1), width = c->width;
    for (int64_t q = first; q < last; q++) {
        for (int l = 0; l <= out; l++) {
            const int64_t size = (2 * l + 1) * c->channels[l];
            ZERO((REAL *)c->a[l] + q * size, size);
            ZERO((REAL *)c->ad[l] + q * size, size);
        }
        for (int64_t e = c->row[q]; e < c->row[q + 1]; e++) {
            const int64_t s = c->neighbor[e];
            const REAL *y = (const REAL *)c->y + ny * e, *h = (const REAL *)c->h + 4 * e;
            const REAL *yd = (const REAL *)c->yd + ny * e, *hd = (const REAL *)c->hd + 4 * e;
            const REAL *t = (const REAL *)c->table + (int64_t)c->bin[e] * width;
#define P(l1, l2, l3) \
    if (HAS(l1, l2, l3)) { \
        const int64_t from = s * (2 * l1 + 1) * c->mul[l1]; \
        const int64_t to = q * (2 * l3 + 1) * c->channels[l3] + CHANNEL(l1, l2, l3); \
        NAME(dual_forward_##l1##_##l2##_##l3)(c->mul[l1], width, y, yd, h, hd, \
            t + OFFSET(l1, l2, l3), (const REAL *)c->x[l1] + from, \
            (const REAL *)c->xd[l1] + from, (REAL *)c->a[l3] + to, (REAL *)c->ad[l3] + to, \
            c->channels[l3]); \
    }
            PATHS(P)
#undef P
        }
    }
}

/* Gradients: each atom collects what its neighbours received from it. Of each bond the graph has
   the reverse, so the bond seen from its other end stands in the atom's own row, and no two atoms
   write to the same place. */
INLINE void NAME(backward_body)(const Layer *c, int64_t first, int64_t last, const int in,
                                const int out, const int degree)
{
    const int64_t ny = (degree + 1) * (degree + 1), width = c->width;
    for (int64_t q = first; q < last; q++) {
        for (int l = 0; l <= in; l++)
            ZERO((REAL *)c->gx[l] + q * (2 * l + 1) * c->mul[l], (2 * l + 1) * c->mul[l]);
        for (int64_t e = c->row[q]; e < c->row[q + 1]; e++) {
            const int64_t s = c->neighbor[e];
            REAL y[16];
            NAME(turned)(degree, (const REAL *)c->y + ny * e, y);
            const REAL *h = (const REAL *)c->h + 4 * e, *hr = (const REAL *)c->hd + 4 * e;
            const REAL *t = (const REAL *)c->table + (int64_t)c->reverse_bin[e] * width;
            VEC gy[16] = {{0}}, gr = {0};
#define P(l1, l2, l3) \
    if (HAS(l1, l2, l3)) { \
        const int64_t from = q * (2 * l1 + 1) * c->mul[l1]; \
        NAME(backward_##l1##_##l2##_##l3)(c->mul[l1], width, y, h, hr, t + OFFSET(l1, l2, l3), \
            (const REAL *)c->x[l1] + from, \
            (const REAL *)c->g[l3] + s * (2 * l3 + 1) * c->channels[l3] + CHANNEL(l1, l2, l3), \
            c->channels[l3], (REAL *)c->gx[l1] + from, gy, &gr); \
    }
            PATHS(P)
#undef P
            REAL sums[16];
            for (int j = 0; j < ny; j++)
                sums[j] = NAME(sum)(gy[j]);
            NAME(turned)(degree, sums, (REAL *)c->gy + ny * e);
            ((REAL *)c->gr)[e] = NAME(sum)(gr);
        }
    }
}

INLINE void NAME(parameters_body)(const Layer *c, int64_t first, int64_t last, void *gradient,
                                  const int in, const int out, const int degree)
{
    const int64_t ny = (degree + 1) * (degree + 1), width = c->width;
    for (int64_t q = first; q < last; q++) {
        for (int l = 0; l <= in; l++)
            ZERO((REAL *)c->gx[l] + q * (2 * l + 1) * c->mul[l], (2 * l + 1) * c->mul[l]);
        for (int64_t e = c->row[q]; e < c->row[q + 1]; e++) {
            const int64_t s = c->neighbor[e];
            REAL y[16];
            NAME(turned)(degree, (const REAL *)c->y + ny * e, y);
            const REAL *h = (const REAL *)c->h + 4 * e;
            const int64_t place = (int64_t)c->reverse_bin[e] * width;
            const REAL *t = (const REAL *)c->table + place;
            REAL *gt = (REAL *)gradient + place;
#define P(l1, l2, l3) \
    if (HAS(l1, l2, l3)) { \
        const int64_t from = q * (2 * l1 + 1) * c->mul[l1]; \
        NAME(parameters_##l1##_##l2##_##l3)(c->mul[l1], width, y, h, t + OFFSET(l1, l2, l3), \
            (const REAL *)c->x[l1] + from, \
            (const REAL *)c->g[l3] + s * (2 * l3 + 1) * c->channels[l3] + CHANNEL(l1, l2, l3), \
            c->channels[l3], (REAL *)c->gx[l1] + from, gt + OFFSET(l1, l2, l3)); \
    }
            PATHS(P)
#undef P
        }
    }
}

INLINE void NAME(dual_parameters_body)(const Layer *c, int64_t first, int64_t last, void *gradient,
                                       const int in, const int out, const int degree)
{
    const int64_t ny = (degree + 1) * (degree + 1), width = c->width;
    for (int64_t q = first; q < last; q++) {
        for (int l = 0; l <= in; l++) {
            const int64_t size = (2 * l + 1) * c->mul[l];
            ZERO((REAL *)c->gx[l] + q * size, size);
            ZERO((REAL *)c->gxd[l] + q * size, size);
        }
        for (int64_t e = c->row[q]; e < c->row[q + 1]; e++) {
            const int64_t s = c->neighbor[e];
            REAL y[16], yd[16];
            NAME(turned)(degree, (const REAL *)c->y + ny * e, y);
            NAME(turned)(degree, (const REAL *)c->yd + ny * e, yd);
            const REAL *h = (const REAL *)c->h + 4 * e, *hd = (const REAL *)c->hd + 4 * e;
            const int64_t place = (int64_t)c->reverse_bin[e] * width;
            const REAL *t = (const REAL *)c->table + place;
            REAL *gt = (REAL *)gradient + place;
#define P(l1, l2, l3) \
    if (HAS(l1, l2, l3)) { \
        const int64_t own = q * (2 * l1 + 1) * c->mul[l1]; \
        const int64_t other = s * (2 * l3 + 1) * c->channels[l3] + CHANNEL(l1, l2, l3); \
        NAME(dual_parameters_##l1##_##l2##_##l3)(c->mul[l1], width, y, yd, h, hd, \
            t + OFFSET(l1, l2, l3), (const REAL *)c->x[l1] + own, (const REAL *)c->xd[l1] + own, \
            (const REAL *)c->g[l3] + other, (const REAL *)c->gd[l3] + other, c->channels[l3], \
            (REAL *)c->gx[l1] + own, (REAL *)c->gxd[l1] + own, gt + OFFSET(l1, l2, l3)); \
    }
            PATHS(P)
#undef P
        }
    }
}

/* One function for each kind of layer, in which only its own couplings are left. */
#define KINDS(F, degree) \
    switch (c->kind) { \
    case FIRST: F(0, degree, degree); break; \
    case LAST: F(degree, 0, degree); break; \
    default: F(degree, degree, degree); \
    }
#define BY_DEGREE(F) \
    if (c->degree == 2) { KINDS(F, 2) } \
    else { KINDS(F, 3) }

static void NAME(run_range)(const Layer *c, int64_t first, int64_t last, void *gradient)
{
    switch (c->task) {
    case FORWARD:
#define F(in, out, degree) NAME(forward_body)(c, first, last, in, out, degree)
        BY_DEGREE(F)
#undef F
        break;
    case DUAL_FORWARD:
#define F(in, out, degree) NAME(dual_forward_body)(c, first, last, in, out, degree)
        BY_DEGREE(F)
#undef F
        break;
    case BACKWARD:
#define F(in, out, degree) NAME(backward_body)(c, first, last, in, out, degree)
        BY_DEGREE(F)
#undef F
        break;
    case PARAMETERS:
#define F(in, out, degree) NAME(parameters_body)(c, first, last, gradient, in, out, degree)
        BY_DEGREE(F)
#undef F
        break;
    default:
#define F(in, out, degree) NAME(dual_parameters_body)(c, first, last, gradient, in, out, degree)
        BY_DEGREE(F)
#undef F
    }
}
