/* Products of features and weights for one precision; see _convolution.c.

   Weights lie in panels of 16 columns, [columns / 16][inner][16], so that what a block of rows
   needs is read from front to back and stays in the first cache. Every row is summed in the same
   order in whatever block it is, so the number of threads changes no bit. */

enum { NAME(COLUMNS) = PANEL / (BYTES / sizeof(REAL)), NAME(ROWS) = 12 / NAME(COLUMNS) };

/* Adds `rows` rows of a [rows][inner] times a panel w [inner][PANEL] to the sums. */
INLINE void NAME(add_product)(VEC sums[][NAME(COLUMNS)], const int rows, const REAL *restrict a,
                              const REAL *restrict w, int64_t inner)
{
    for (int64_t k = 0; k < inner; k++, w += PANEL) {
        VEC panel[NAME(COLUMNS)];
#pragma GCC unroll 8
        for (int j = 0; j < NAME(COLUMNS); j++)
            panel[j] = LOAD(w + j * LANES);
#pragma GCC unroll 12
        for (int i = 0; i < rows; i++)
#pragma GCC unroll 8
            for (int j = 0; j < NAME(COLUMNS); j++)
                sums[i][j] += a[i * inner + k] * panel[j];
    }
}

INLINE void NAME(block)(const Product *p, int64_t row, int64_t panel, const int rows)
{
    VEC sums[NAME(ROWS)][NAME(COLUMNS)];
    const REAL *add = p->add;
    REAL *out = (REAL *)p->out + row * p->columns + panel * PANEL;
#pragma GCC unroll 12
    for (int i = 0; i < rows; i++) {
        const int64_t from = add ? (p->add_row ? p->add_row[row + i] : row + i) : 0;
#pragma GCC unroll 8
        for (int j = 0; j < NAME(COLUMNS); j++)
            sums[i][j] = add ? LOAD(add + from * p->columns + panel * PANEL + j * LANES) : (VEC){0};
    }
    for (int term = 0; term < TERMS; term++)
        if (p->inner[term])
            NAME(add_product)(sums, rows, (const REAL *)p->a[term] + row * p->inner[term],
                              (const REAL *)p->w[term] + panel * PANEL * p->inner[term],
                              p->inner[term]);
#pragma GCC unroll 12
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 8
        for (int j = 0; j < NAME(COLUMNS); j++)
            *(VEC *)(out + i * p->columns + j * LANES) = sums[i][j];
}

static void NAME(run_product)(const Product *p, int64_t first, int64_t last)
{
    for (int64_t panel = 0; panel < p->columns / PANEL; panel++) {
        int64_t row = first;
        for (; row + NAME(ROWS) <= last; row += NAME(ROWS))
            NAME(block)(p, row, panel, NAME(ROWS));
        for (; row + 2 <= last && NAME(ROWS) > 2; row += 2)
            NAME(block)(p, row, panel, 2);
        for (; row < last; row++)
            NAME(block)(p, row, panel, 1);
    }
}
