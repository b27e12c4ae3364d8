/* Features times factors of the atoms' elements, for one precision; see _convolution.c. */

static void NAME(run_scaling)(const Scaling *c, int64_t first, int64_t last)
{
    for (int64_t q = first; q < last; q++) {
        const REAL *factors = (const REAL *)c->factors + c->element[q] * c->stride;
        REAL *row = (REAL *)c->rows + q * c->each * c->columns;
        for (int64_t i = 0; i < c->each; i++, row += c->columns)
            for (int64_t u = 0; u < c->columns; u += LANES)
                *(VEC *)(row + u) = LOAD(row + u) * LOAD(factors + u);
    }
}
