/* What of a pass is of bonds, for one precision; see _pass.c.

   A bond's features are Gaussians of its length, evenly spaced and as wide as the spacing. Those
   further than BAND_HERE / 2 spacings from the length are below the precision, and their products
   are left out. One panel of columns after the other goes through all bonds, so that its weights
   stay in the first cache. */

typedef struct {
    int64_t atoms, bonds, base; /* `base` is the first atom's number */
    const int64_t *row;         /* [atoms + 1], the first being zero */
    const int64_t *target;      /* [bonds] */
    int32_t *start;             /* [bonds] first Gaussian of the band */
    REAL *gaussians;            /* [bonds][BAND] */
    double *unit;               /* [bonds][3] directions */
} NAME(Bonds);

/* Directions and Gaussians in a cell, of the bonds from `from` to `to`. */
INLINE void NAME(measure)(const Network *net, NAME(Bonds) *bonds, const REAL *fraction,
                          const double *cell, int64_t from, int64_t to)
{
    const int32_t highest = (int32_t)net->gaussians - BAND_HERE;
    for (int64_t e = from; e < to; e++) {
        const REAL *f = fraction + 3 * e;
        double *v = bonds->unit + 3 * e, squared = 0;
        for (int x = 0; x < 3; x++) {
            v[x] = (double)f[0] * cell[x] + (double)f[1] * cell[3 + x] + (double)f[2] * cell[6 + x];
            squared += v[x] * v[x];
        }
        const double length = sqrt(squared);
        for (int x = 0; x < 3; x++)
            v[x] /= length;
        const double place = length / net->spacing;
        const int32_t nearest = place < highest + BAND_HERE ? (int32_t)place : highest + BAND_HERE;
        int32_t start = nearest - BAND_HERE / 2 + 1;
        start = start < 0 ? 0 : start > highest ? highest : start;
        bonds->start[e] = start;
        REAL *g = bonds->gaussians + e * BAND;
        for (int k = 0; k < BAND; k++) {
            const double x = place - (start + k), exponent = -x * x / 2;
            g[k] = (REAL)(exponent < -60 ? -60 : exponent); /* no denormal numbers */
        }
        for (int k = 0; k < BAND; k += LANES)
            *(VEC *)(g + k) = NAME(exponential)(LOAD(g + k));
    }
}

/* Adds the products of a bond's Gaussians to `count` vectors of sums. */
INLINE void NAME(add_gaussians)(VEC *sums, const int count, const REAL *restrict gaussians,
                                const REAL *restrict weights)
{
#pragma GCC unroll 16
    for (int k = 0; k < BAND_HERE; k++, weights += count * LANES)
#pragma GCC unroll 8
        for (int c = 0; c < count; c++)
            sums[c] += gaussians[k] * LOAD(weights + c * LANES);
}

/* Sums of the messages of each atom's bonds into the second halves of [atoms][2 F]. */
INLINE void NAME(receive)(const Network *net, const Round *round, const NAME(Bonds) *bonds,
                          const REAL *ends, REAL *both)
{
    enum { COLUMNS = NAME(COLUMNS) };
    const int64_t width = net->features, step = 2 * PANEL;
    for (int64_t u = 0; u < width; u += PANEL) {
        const REAL *weights = (const REAL *)round->edge + u * 2 * net->gaussians;
        for (int64_t i = 0; i < bonds->atoms; i++) {
            const REAL *own = ends + 4 * width * i + u;
            VEC sum[COLUMNS] = {{0}};
            for (int64_t e = bonds->row[i]; e < bonds->row[i + 1]; e++) {
                const REAL *other = ends + 4 * width * (bonds->target[e] - bonds->base) + 2 * width + u;
                VEC mixed[2 * COLUMNS];
#pragma GCC unroll 8
                for (int c = 0; c < COLUMNS; c++) {
                    mixed[c] = LOAD(own + c * LANES) + LOAD(other + c * LANES);
                    mixed[COLUMNS + c] =
                        LOAD(own + width + c * LANES) + LOAD(other + width + c * LANES);
                }
                NAME(add_gaussians)(mixed, 2 * COLUMNS, bonds->gaussians + e * BAND,
                                    weights + bonds->start[e] * step);
#pragma GCC unroll 8
                for (int c = 0; c < COLUMNS; c++)
                    sum[c] += mixed[COLUMNS + c]
                              / ((1 + NAME(exponential)(-mixed[c]))
                                 * (1 + NAME(exponential)(-mixed[COLUMNS + c])));
            }
#pragma GCC unroll 8
            for (int c = 0; c < COLUMNS; c++)
                *(VEC *)(both + 2 * width * i + width + u + c * LANES) = sum[c];
        }
    }
}

/* Weights [bonds][LANES], to be summed, of the bonds' shares of the strain. */
INLINE void NAME(read_bonds)(const Network *net, const Reader *reader, const NAME(Bonds) *bonds,
                             const REAL *ends, REAL *weights)
{
    enum { COLUMNS = NAME(COLUMNS) };
    const int64_t width = net->features;
    memset(weights, 0, sizeof(REAL) * (size_t)(bonds->bonds * LANES));
    for (int64_t u = 0; u < width; u += PANEL) {
        const REAL *edge = (const REAL *)reader->edge + u * net->gaussians;
        const REAL *weight = (const REAL *)reader->weight + u;
        for (int64_t i = 0; i < bonds->atoms; i++) {
            const REAL *own = ends + 2 * width * i + u;
            for (int64_t e = bonds->row[i]; e < bonds->row[i + 1]; e++) {
                const REAL *other = ends + 2 * width * (bonds->target[e] - bonds->base) + width + u;
                VEC mixed[COLUMNS], sum = LOAD(weights + e * LANES);
#pragma GCC unroll 8
                for (int c = 0; c < COLUMNS; c++)
                    mixed[c] = LOAD(own + c * LANES) + LOAD(other + c * LANES);
                NAME(add_gaussians)(mixed, COLUMNS, bonds->gaussians + e * BAND,
                                    edge + bonds->start[e] * PANEL);
#pragma GCC unroll 8
                for (int c = 0; c < COLUMNS; c++)
                    sum += mixed[c] / (1 + NAME(exponential)(-mixed[c])) * LOAD(weight + c * LANES);
                *(VEC *)(weights + e * LANES) = sum;
            }
        }
    }
}
