/* Normalisation and gates of an atom's features for one precision; see _convolution.c.

   With f[l][m][u] of degree l, s = sum_l mean(f[l]^2) / degrees and n = (s + epsilon)^(-1/2),

       g[l] = f[l] n gamma[l],   c = GAIN silu(g[0]),   o[0] = c[scalars],   o[l] = g[l] c[gates of l].

   A `d` after a name is the derivative along a direction in which f moves, an `a` before it the
   derivative of the loss by it. */

INLINE VEC NAME(splat)(REAL x)
{
    return x - (VEC){0};
}

/* 1 / (1 + exp(-x)) */
INLINE void NAME(sigmoids)(const REAL *x, REAL *s, int64_t count)
{
    for (int64_t u = 0; u < count; u += LANES)
        *(VEC *)(s + u) = 1 / (1 + NAME(exponential)(-LOAD(x + u)));
}

INLINE REAL NAME(dot)(const REAL *a, const REAL *b, int64_t count)
{
    VEC sum = {0};
    for (int64_t u = 0; u < count; u += LANES)
        sum += LOAD(a + u) * LOAD(b + u);
    return NAME(sum)(sum);
}

INLINE void NAME(activate)(const Activation *c, int64_t q, void *gradient, const int task)
{
    const int dual = task == DUAL_FORWARD || task == DUAL_PARAMETERS;
    const int backwards = task == BACKWARD || task == PARAMETERS || task == DUAL_PARAMETERS;
    const int64_t degrees = c->degrees, all = c->sizes[0], scalars = c->out[0];
    const REAL *f[DEGREES], *fd[DEGREES];
    REAL s = (REAL)c->epsilon, sd = 0, k[DEGREES];
    for (int l = 0; l < degrees; l++) {
        const int64_t size = (2 * l + 1) * c->sizes[l];
        f[l] = (const REAL *)c->f[l] + q * size;
        fd[l] = dual ? (const REAL *)c->fd[l] + q * size : f[l];
        k[l] = 1 / (REAL)(degrees * size);
        s += k[l] * NAME(dot)(f[l], f[l], size);
        if (dual)
            sd += 2 * k[l] * NAME(dot)(f[l], fd[l], size);
    }
    const REAL n = 1 / NAME(root)(s), nd = -n * n * n * sd / 2, gain = (REAL)c->gain;
    /* Scalars: g, sigmoid, c, and their derivatives. */
    REAL g0[all], g0d[all], si[all], cc[all], cd[all];
    const REAL *gamma0 = c->gamma[0];
    for (int64_t u = 0; u < all; u += LANES) {
        *(VEC *)(g0 + u) = LOAD(f[0] + u) * LOAD(gamma0 + u) * n;
        if (dual)
            *(VEC *)(g0d + u) = LOAD(gamma0 + u) * (LOAD(fd[0] + u) * n + LOAD(f[0] + u) * nd);
    }
    NAME(sigmoids)(g0, si, all);
    for (int64_t u = 0; u < all; u += LANES) {
        const VEC x = LOAD(g0 + u), z = LOAD(si + u);
        *(VEC *)(cc + u) = gain * x * z;
        if (dual)
            *(VEC *)(cd + u) = gain * z * (1 + x * (1 - z)) * LOAD(g0d + u);
    }
    if (!backwards) {
        memcpy((REAL *)c->o[0] + q * scalars, cc, sizeof(REAL) * (size_t)scalars);
        if (dual)
            memcpy((REAL *)c->od[0] + q * scalars, cd, sizeof(REAL) * (size_t)scalars);
        int64_t gate = scalars;
        for (int l = 1; l < degrees; l++) {
            const int64_t m = c->sizes[l];
            const REAL *gamma = c->gamma[l];
            REAL *o = (REAL *)c->o[l] + q * (2 * l + 1) * m;
            REAL *od = dual ? (REAL *)c->od[l] + q * (2 * l + 1) * m : o;
            for (int i = 0; i < 2 * l + 1; i++)
                for (int64_t u = 0; u < m; u += LANES) {
                    const VEC w = LOAD(gamma + u), x = LOAD(f[l] + i * m + u);
                    *(VEC *)(o + i * m + u) = x * w * n * LOAD(cc + gate + u);
                    if (dual) {
                        const VEC gd = w * (LOAD(fd[l] + i * m + u) * n + x * nd);
                        *(VEC *)(od + i * m + u) =
                            gd * LOAD(cc + gate + u) + x * w * n * LOAD(cd + gate + u);
                    }
                }
            gate += m;
        }
        return;
    }
    /* Backwards: first to g and gd, whose derivatives are kept in af and afd for the moment. */
    REAL ac[all], acd[all];
    memcpy(ac, (const REAL *)c->ao[0] + q * scalars, sizeof(REAL) * (size_t)scalars);
    if (dual)
        memcpy(acd, (const REAL *)c->aod[0] + q * scalars, sizeof(REAL) * (size_t)scalars);
    int64_t gate = scalars;
    for (int l = 1; l < degrees; l++) {
        const int64_t m = c->sizes[l];
        const REAL *gamma = c->gamma[l], *ao = (const REAL *)c->ao[l] + q * (2 * l + 1) * m;
        const REAL *aod = dual ? (const REAL *)c->aod[l] + q * (2 * l + 1) * m : ao;
        REAL *af = (REAL *)c->af[l] + q * (2 * l + 1) * m;
        REAL *afd = dual ? (REAL *)c->afd[l] + q * (2 * l + 1) * m : af;
        for (int64_t u = 0; u < m; u += LANES) {
            const VEC w = LOAD(gamma + u), gc = LOAD(cc + gate + u);
            const VEC gcd = dual ? LOAD(cd + gate + u) : (VEC){0};
            VEC sum = {0}, sumd = {0};
            for (int i = 0; i < 2 * l + 1; i++) {
                const VEC x = LOAD(f[l] + i * m + u), o = LOAD(ao + i * m + u), g = x * w * n;
                sum += o * g;
                if (dual) {
                    const VEC p = LOAD(aod + i * m + u);
                    sum += p * w * (LOAD(fd[l] + i * m + u) * n + x * nd);
                    sumd += p * g;
                    *(VEC *)(af + i * m + u) = o * gc + p * gcd;
                    *(VEC *)(afd + i * m + u) = p * gc;
                } else
                    *(VEC *)(af + i * m + u) = o * gc;
            }
            *(VEC *)(ac + gate + u) = sum;
            if (dual)
                *(VEC *)(acd + gate + u) = sumd;
        }
        gate += m;
    }
    REAL *af0 = (REAL *)c->af[0] + q * all, *afd0 = dual ? (REAL *)c->afd[0] + q * all : af0;
    for (int64_t u = 0; u < all; u += LANES) {
        const VEC x = LOAD(g0 + u), z = LOAD(si + u), slope = gain * z * (1 + x * (1 - z));
        *(VEC *)(af0 + u) = slope * LOAD(ac + u);
        if (dual) {
            const VEC bend = gain * z * (1 - z) * (2 + x * (1 - 2 * z));
            ADD(af0 + u, bend * LOAD(g0d + u) * LOAD(acd + u));
            *(VEC *)(afd0 + u) = slope * LOAD(acd + u);
        }
    }
    /* Then to f, fd, gamma and n. */
    VEC an = {0}, and = {0};
    REAL *agamma = gradient;
    for (int l = 0; l < degrees; l++) {
        const int64_t m = c->sizes[l];
        const REAL *gamma = c->gamma[l];
        REAL *af = (REAL *)c->af[l] + q * (2 * l + 1) * m;
        REAL *afd = dual ? (REAL *)c->afd[l] + q * (2 * l + 1) * m : af;
        for (int i = 0; i < 2 * l + 1; i++)
            for (int64_t u = 0; u < m; u += LANES) {
                const int64_t at = i * m + u;
                const VEC x = LOAD(f[l] + at), w = LOAD(gamma + u), ag = LOAD(af + at), a = w * ag;
                VEC own = ag * x * n;
                an += a * x;
                *(VEC *)(af + at) = a * n;
                if (dual) {
                    const VEC xd = LOAD(fd[l] + at), agd = LOAD(afd + at), b = w * agd;
                    own += agd * (xd * n + x * nd);
                    an += b * xd;
                    and += b * x;
                    ADD(af + at, b * nd);
                    *(VEC *)(afd + at) = b * n;
                }
                if (task != BACKWARD)
                    ADD(agamma + u, own);
            }
        agamma = task == BACKWARD ? NULL : agamma + m;
    }
    const REAL by_nd = dual ? NAME(sum)(and) : 0;
    const REAL by_n = NAME(sum)(an) - R(1.5) * n * n * sd * by_nd;
    const REAL by_s = -n * n * n * by_n / 2, by_sd = -n * n * n * by_nd / 2;
    for (int l = 0; l < degrees; l++) {
        const int64_t size = (2 * l + 1) * c->sizes[l];
        REAL *af = (REAL *)c->af[l] + q * size, *afd = dual ? (REAL *)c->afd[l] + q * size : af;
        for (int64_t u = 0; u < size; u += LANES) {
            ADD(af + u, 2 * k[l] * by_s * LOAD(f[l] + u));
            if (dual) {
                ADD(af + u, 2 * k[l] * by_sd * LOAD(fd[l] + u));
                ADD(afd + u, 2 * k[l] * by_sd * LOAD(f[l] + u));
            }
        }
    }
}

static void NAME(run_activation)(const Activation *c, int64_t first, int64_t last, void *gradient)
{
    for (int64_t q = first; q < last; q++)
        switch (c->task) {
        case FORWARD: NAME(activate)(c, q, gradient, FORWARD); break;
        case DUAL_FORWARD: NAME(activate)(c, q, gradient, DUAL_FORWARD); break;
        case BACKWARD: NAME(activate)(c, q, gradient, BACKWARD); break;
        case PARAMETERS: NAME(activate)(c, q, gradient, PARAMETERS); break;
        default: NAME(activate)(c, q, gradient, DUAL_PARAMETERS);
        }
}
