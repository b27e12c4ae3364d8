/* What of a pass is of atoms, for one precision; see _pass.c. */

/* Arrays of some crystals' atoms. */
typedef struct {
    REAL *h;        /* [atoms][F] features */
    REAL *ends;     /* [atoms][4 F] what bonds get from their ends */
    REAL *both;     /* [atoms][2 F] features and messages, normalised */
    REAL *hidden;   /* [atoms][F] */
    int64_t *zeros; /* [atoms] rows of a bias */
} NAME(Atoms);

/* out[rows][columns] = add + a[rows][inner] w; all rows get the same one of `add` if it is a bias. */
static void NAME(multiply)(int64_t rows, int64_t inner, int64_t columns, const REAL *a,
                           const void *w, const void *add, const int64_t *zeros, REAL *out)
{
    const Product product = {.rows = rows, .columns = columns, .inner = {inner, 0}, .a = {a},
                             .w = {w}, .add = add, .add_row = zeros, .out = out};
    NAME(run_product)(&product, 0, rows);
}

/* Normalises rows of `count` numbers to a mean of zero and a variance of one. */
INLINE void NAME(normalise)(REAL *rows, int64_t atoms, int64_t count, double epsilon)
{
    for (int64_t i = 0; i < atoms; i++) {
        REAL *x = rows + i * count;
        VEC sum = {0}, squares = {0};
        for (int64_t u = 0; u < count; u += LANES)
            sum += LOAD(x + u);
        const REAL mean = NAME(sum)(sum) / (REAL)count;
        for (int64_t u = 0; u < count; u += LANES) {
            const VEC rest = LOAD(x + u) - mean;
            squares += rest * rest;
        }
        const double variance = NAME(sum)(squares) / (REAL)count;
        const REAL scale = (REAL)(1 / sqrt(variance + epsilon));
        for (int64_t u = 0; u < count; u += LANES)
            *(VEC *)(x + u) = (LOAD(x + u) - mean) * scale;
    }
}

/* A round of messages, which changes the atoms' features. */
static void NAME(run_round)(const Network *net, const Round *round, const NAME(Bonds) *bonds,
                            const NAME(Atoms) *atoms)
{
    const int64_t n = bonds->atoms, width = net->features;
    NAME(multiply)(n, width, 4 * width, atoms->h, round->ends, round->ends_bias, atoms->zeros,
                   atoms->ends);
    NAME(receive)(net, round, bonds, atoms->ends, atoms->both);
    for (int64_t i = 0; i < n; i++)
        memcpy(atoms->both + 2 * width * i, atoms->h + width * i, sizeof(REAL) * (size_t)width);
    NAME(normalise)(atoms->both, n, 2 * width, net->epsilon);
    NAME(multiply)(n, 2 * width, width, atoms->both, round->hidden, round->hidden_bias,
                   atoms->zeros, atoms->hidden);
    const REAL *bias = round->change_bias;
    for (int64_t i = 0; i < n; i++)
        for (int64_t u = 0; u < width; u += LANES) {
            REAL *x = atoms->hidden + width * i + u;
            *(VEC *)x = LOAD(x) / (1 + NAME(exponential)(-LOAD(x)));
            ADD(atoms->h + width * i + u, LOAD(bias + u));
        }
    NAME(multiply)(n, width, width, atoms->hidden, round->change, atoms->h, NULL, atoms->h);
}
