/* Harmonics and splines of bonds for one precision; see _convolution.c.

   The radial weights are cubic B-splines on equal intervals between the first knot and the cutoff,
   times a function that goes to zero at the cutoff with two derivatives. `h` holds the values of
   the four splines that are not zero, `hr` their derivatives by the length. */

enum { NAME(SMOOTHNESS) = 6 };

INLINE void NAME(splines)(const Geometry *c, REAL r, int32_t *bin, REAL *h, REAL *hr)
{
    const REAL width = (REAL)((c->cutoff - c->first_knot) / (double)c->intervals);
    const REAL top = (REAL)c->intervals - R(1e-4);
    REAL q = (r - (REAL)c->first_knot) / width;
    q = q < 0 ? 0 : q > top ? top : q;
    const int32_t b = (int32_t)q;
    const REAL u = q - (REAL)b, o = 1 - u, x = r / (REAL)c->cutoff;
    const REAL p = NAME(SMOOTHNESS);
    REAL f = 0, df = 0;
    if (x < 1) {
        const REAL x2 = x * x, x5 = x2 * x2 * x, x6 = x5 * x;
        const REAL k0 = (p + 1) * (p + 2) / 2, k1 = p * (p + 2), k2 = p * (p + 1) / 2;
        f = 1 - k0 * x6 + k1 * x6 * x - k2 * x6 * x2;
        df = (-k0 * p * x5 + k1 * (p + 1) * x6 - k2 * (p + 2) * x6 * x) / (REAL)c->cutoff;
    }
    const REAL value[4] = {o * o * o / 6, (3 * u * u * u - 6 * u * u + 4) / 6,
                           (-3 * u * u * u + 3 * u * u + 3 * u + 1) / 6, u * u * u / 6};
    const REAL slope[4] = {-o * o / 2, (3 * u * u - 4 * u) / 2, (-3 * u * u + 2 * u + 1) / 2,
                           u * u / 2};
    *bin = b;
    for (int k = 0; k < 4; k++) {
        h[k] = value[k] * f;
        hr[k] = slope[k] / width * f + value[k] * df;
    }
}

static void NAME(run_geometry)(const Geometry *c, int64_t first, int64_t last)
{
    const int64_t ny = (c->degree + 1) * (c->degree + 1);
    const int degree = (int)c->degree;
    for (int64_t e = first; e < last; e++) {
        const REAL *v = (const REAL *)c->vector + 3 * e;
        const REAL r = NAME(root)(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
        const REAL u[3] = {v[0] / r, v[1] / r, v[2] / r};
        REAL y[16], dy[16][3], h[4], hr[4];
        int32_t bin;
        NAME(harmonics)(degree, u[0], u[1], u[2], y, dy);
        if (c->task == VALUES) {
            NAME(splines)(c, r, &bin, (REAL *)c->h + 4 * e, (REAL *)c->hr + 4 * e);
            c->bin[e] = bin;
            memcpy((REAL *)c->y + ny * e, y, sizeof(REAL) * (size_t)ny);
        } else if (c->task == GRADIENTS) {
            /* The polynomials' gradients across the bond, over its length. */
            const REAL *gy = (const REAL *)c->gy + ny * e;
            REAL d[3] = {0, 0, 0};
            for (int j = 1; j < ny; j++)
                for (int a = 0; a < 3; a++)
                    d[a] += gy[j] * dy[j][a];
            const REAL along = d[0] * u[0] + d[1] * u[1] + d[2] * u[2];
            const REAL gr = ((const REAL *)c->gr)[e];
            for (int a = 0; a < 3; a++)
                ((REAL *)c->pull)[3 * e + a] = (d[a] - along * u[a]) / r + gr * u[a];
        } else {
            const REAL *move = (const REAL *)c->direction + 3 * e;
            const REAL rd = move[0] * u[0] + move[1] * u[1] + move[2] * u[2];
            REAL ud[3], *yd = (REAL *)c->y + ny * e, *hd = (REAL *)c->h + 4 * e;
            for (int a = 0; a < 3; a++)
                ud[a] = (move[a] - rd * u[a]) / r;
            for (int j = 0; j < ny; j++)
                yd[j] = dy[j][0] * ud[0] + dy[j][1] * ud[1] + dy[j][2] * ud[2];
            NAME(splines)(c, r, &bin, h, hr);
            for (int k = 0; k < 4; k++)
                hd[k] = hr[k] * rd;
        }
    }
}
