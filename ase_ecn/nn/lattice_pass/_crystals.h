/* A pass over some crystals, layer after layer, for one precision; see _pass.c. */

enum { NAME(SERIES) = 12 };

/* cell <- cell exp(S), where the norm of the symmetric S is at most a half. */
INLINE void NAME(deform)(double *cell, const double *strain)
{
    double total[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, next[9];
    for (int order = NAME(SERIES); order > 0; order--) {
        for (int a = 0; a < 3; a++)
            for (int b = 0; b < 3; b++) {
                double sum = 0;
                for (int k = 0; k < 3; k++)
                    sum += strain[3 * a + k] * total[3 * k + b];
                next[3 * a + b] = (a == b) + sum / order;
            }
        memcpy(total, next, sizeof total);
    }
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++)
            next[3 * a + b] = cell[3 * a] * total[b] + cell[3 * a + 1] * total[3 + b]
                              + cell[3 * a + 2] * total[6 + b];
    memcpy(cell, next, sizeof next);
}

/* Deforms a cell by the mean of its bonds' weights times |u><u|, of bounded norm. */
INLINE void NAME(follow)(const Network *net, const NAME(Bonds) *bonds, const REAL *weights,
                         int64_t from, int64_t to, double *cell)
{
    double strain[9] = {0}, squared = 0;
    for (int64_t e = from; e < to; e++) {
        const double weight = NAME(sum)(LOAD(weights + e * LANES)), *u = bonds->unit + 3 * e;
        for (int a = 0; a < 3; a++)
            for (int b = 0; b < 3; b++)
                strain[3 * a + b] += weight * u[a] * u[b];
    }
    const double count = to > from ? (double)(to - from) : 1;
    for (int k = 0; k < 9; k++) {
        strain[k] /= count;
        squared += strain[k] * strain[k];
    }
    const double bound = sqrt(1 + squared / (net->limit * net->limit));
    for (int k = 0; k < 9; k++)
        strain[k] /= bound;
    NAME(deform)(cell, strain);
}

typedef struct {
    NAME(Bonds) bonds;
    NAME(Atoms) atoms;
    int64_t *row;  /* [atoms + 1] */
    REAL *weights; /* [bonds][LANES] */
    double *cells; /* [crystals][9] */
} NAME(Space);

static void NAME(layers)(const Network *net, const Graphs *graphs, int64_t first, int64_t last,
                         NAME(Space) *space)
{
    const int64_t base = graphs->first[first], width = net->features, n = space->bonds.atoms;
    const int64_t begin = graphs->row[base];
    const REAL *fraction = (const REAL *)graphs->fraction + 3 * begin;
    const NAME(Atoms) *atoms = &space->atoms;
    for (int64_t i = 0; i < n; i++)
        memcpy(atoms->h + width * i,
               (const REAL *)net->embedding + width * graphs->numbers[base + i],
               sizeof(REAL) * (size_t)width);
    for (int64_t k = 0; k < 9 * (last - first); k++)
        space->cells[k] = ((const REAL *)graphs->cells)[9 * first + k];
    for (int64_t layer = 0; layer < net->plain + net->deforming; layer++) {
        const int64_t number = layer - net->plain; /* of the deforming layers */
        if (layer == 0 || number > 0)
            for (int64_t k = first; k < last; k++)
                NAME(measure)(net, &space->bonds, fraction, space->cells + 9 * (k - first),
                              graphs->row[graphs->first[k]] - begin,
                              graphs->row[graphs->first[k + 1]] - begin);
        NAME(run_round)(net, net->rounds + layer, &space->bonds, atoms);
        if (number < 0)
            continue;
        const Reader *reader = net->readers + number;
        NAME(multiply)(n, width, 2 * width, atoms->h, reader->ends, reader->ends_bias,
                       atoms->zeros, atoms->ends);
        NAME(read_bonds)(net, reader, &space->bonds, atoms->ends, space->weights);
        for (int64_t k = first; k < last; k++)
            NAME(follow)(net, &space->bonds, space->weights,
                         graphs->row[graphs->first[k]] - begin,
                         graphs->row[graphs->first[k + 1]] - begin,
                         space->cells + 9 * (k - first));
    }
    for (int64_t k = 0; k < 9 * (last - first); k++)
        ((REAL *)graphs->relaxed)[9 * first + k] = (REAL)space->cells[k];
}

static int NAME(run_pass)(const Network *net, const Graphs *graphs, int64_t first, int64_t last)
{
    const int64_t base = graphs->first[first], n = graphs->first[last] - base;
    const int64_t begin = graphs->row[base], bonds = graphs->row[base + n] - begin;
    const size_t f = (size_t)net->features, atoms = (size_t)n, edges = (size_t)bonds;
    /* One piece of memory: doubles and integers of eight bytes first, then numbers and Gaussians,
       then what has four bytes. */
    const size_t eights = 3 * edges + 9 * (size_t)(last - first) + (2 * atoms + 1);
    const size_t reals = 8 * f * atoms + (BAND + (size_t)LANES) * edges;
    char *memory = malloc(8 * eights + sizeof(REAL) * reals + 4 * edges + 1);
    if (!memory)
        return -1;
    double *unit = (double *)memory, *cells = unit + 3 * edges;
    int64_t *row = (int64_t *)(cells + 9 * (last - first)), *zeros = row + n + 1;
    REAL *h = (REAL *)(zeros + n), *ends = h + f * atoms, *both = ends + 4 * f * atoms;
    REAL *hidden = both + 2 * f * atoms, *gaussians = hidden + f * atoms;
    REAL *weights = gaussians + BAND * edges;
    int32_t *start = (int32_t *)(weights + (size_t)LANES * edges);
    for (int64_t i = 0; i <= n; i++)
        row[i] = graphs->row[base + i] - begin;
    memset(zeros, 0, sizeof(int64_t) * atoms);
    NAME(Space) space = {
        {n, bonds, base, row, graphs->target + begin, start, gaussians, unit},
        {h, ends, both, hidden, zeros},
        row, weights, cells,
    };
    NAME(layers)(net, graphs, first, last, &space);
    free(memory);
    return 0;
}
