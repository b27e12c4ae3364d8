/* Is a crystal plainly valid? Then its description in the shortest basis of its lattice.

   Anything unusual is left to crystal.py, which says what is wrong or finds that nothing is. The
   steps are those of crystal.py and reduction.py, and so are the results but for rounding. */

#include "_geometry.h"

#include <math.h>
#include <stdlib.h>

/* Reduces the matrix a[3][3] with partial pivoting; 0, or SINGULAR. */
static int factorise(double a[3][3], int pivot[3])
{
    for (int k = 0; k < 3; k++) {
        int best = k;
        for (int i = k + 1; i < 3; i++)
            if (fabs(a[i][k]) > fabs(a[best][k]))
                best = i;
        pivot[k] = best;
        for (int x = 0; x < 3; x++) {
            const double swapped = a[k][x];
            a[k][x] = a[best][x];
            a[best][x] = swapped;
        }
        if (!(fabs(a[k][k]) > 0))
            return SINGULAR;
        for (int i = k + 1; i < 3; i++) {
            a[i][k] /= a[k][k];
            for (int x = k + 1; x < 3; x++)
                a[i][x] -= a[i][k] * a[k][x];
        }
    }
    return FOUND;
}

static void solve(const double a[3][3], const int pivot[3], const double *b, double *x)
{
    double v[3] = {b[0], b[1], b[2]};
    for (int k = 0; k < 3; k++) {
        const double swapped = v[k];
        v[k] = v[pivot[k]];
        v[pivot[k]] = swapped;
    }
    v[1] -= a[1][0] * v[0];
    v[2] -= a[2][0] * v[0] + a[2][1] * v[1];
    x[2] = v[2] / a[2][2];
    x[1] = (v[1] - a[1][2] * x[2]) / a[1][1];
    x[0] = (v[0] - a[0][1] * x[1] - a[0][2] * x[2]) / a[0][0];
}

static double length(const double *v)
{
    return sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
}

static double volume_of(const double *a)
{
    return fabs((a[1] * a[5] - a[2] * a[4]) * a[6] + (a[2] * a[3] - a[0] * a[5]) * a[7]
                + (a[0] * a[4] - a[1] * a[3]) * a[8]);
}

/* Inverse of a matrix of integers whose determinant is 1 or -1, and zero for any other. */
static int64_t inverse(const int64_t *t, int64_t *out)
{
    const int64_t sign = (t[1] * t[5] - t[2] * t[4]) * t[6] + (t[2] * t[3] - t[0] * t[5]) * t[7]
                         + (t[0] * t[4] - t[1] * t[3]) * t[8];
    static const int minors[9][4] = {{4, 8, 5, 7}, {2, 7, 1, 8}, {1, 5, 2, 4},
                                     {5, 6, 3, 8}, {0, 8, 2, 6}, {2, 3, 0, 5},
                                     {3, 7, 4, 6}, {1, 6, 0, 7}, {0, 4, 1, 3}};
    for (int k = 0; k < 9; k++)
        out[k] = sign * (t[minors[k][0]] * t[minors[k][1]] - t[minors[k][2]] * t[minors[k][3]]);
    return sign == 1 || sign == -1;
}

static int are_finite(const double *values, int64_t count)
{
    for (int64_t k = 0; k < count; k++)
        if (!isfinite(values[k]))
            return 0;
    return 1;
}

/* Whether no two atoms are nearer than `least`. */
static int are_apart(const Inspected *found, int64_t atoms, double least)
{
    double *positions = malloc((size_t)(3 * atoms + 1) * sizeof(double));
    if (!positions)
        return NO_MEMORY;
    for (int64_t i = 0; i < 3 * atoms; i++) {
        const double *f = found->wrapped + i / 3 * 3, *cell = found->cell + i % 3;
        positions[i] = f[0] * cell[0] + f[1] * cell[3] + f[2] * cell[6];
    }
    const int64_t first[2] = {0, atoms};
    const Search given = {1, found->cell, positions, first, least, 1, 0, 1};
    Lists near = {0};
    int status = search_neighbors(&given, &near);
    if (status == FOUND && near.lists[0].count > 0)
        status = UNUSUAL;
    forget(&near);
    free(positions);
    return status;
}

int inspect(const double *cell, const double *coordinates, int64_t atoms, const Limits *limits,
            Inspected *found)
{
    double transposed[3][3], longest = 1;
    int64_t back[9];
    int pivot[3];
    if (atoms < 1 || !are_finite(cell, 9) || !are_finite(coordinates, 3 * atoms))
        return UNUSUAL;
    const double volume = found->volume = volume_of(cell);
    for (int a = 0; a < 3; a++)
        longest *= length(cell + 3 * a);
    if (!(volume > limits->flatness * longest) || volume > limits->largest * (double)atoms)
        return UNUSUAL;
    if (reduce_basis(cell, found->transform) != FOUND || !inverse(found->transform, back))
        return UNUSUAL;
    double product = 1;
    for (int a = 0; a < 3; a++) {
        for (int x = 0; x < 3; x++) {
            const int64_t *t = found->transform + 3 * a;
            found->cell[3 * a + x] = (double)t[0] * cell[x] + (double)t[1] * cell[3 + x]
                                     + (double)t[2] * cell[6 + x];
            transposed[x][a] = cell[3 * a + x];
        }
        const double edge = length(found->cell + 3 * a);
        if (!(edge >= limits->nearest))
            return UNUSUAL;
        product *= edge;
    }
    if (!(volume >= limits->flatness * product))
        return UNUSUAL;
    if (limits->cartesian && factorise(transposed, pivot) != FOUND)
        return UNUSUAL;
    for (int64_t i = 0; i < atoms; i++) {
        double *scaled = found->scaled + 3 * i;
        if (limits->cartesian)
            solve((const double(*)[3])transposed, pivot, coordinates + 3 * i, scaled);
        else
            for (int a = 0; a < 3; a++)
                scaled[a] = coordinates[3 * i + a];
        for (int a = 0; a < 3; a++)
            if (!(fabs(scaled[a]) <= limits->farthest))
                return UNUSUAL;
        for (int a = 0; a < 3; a++) {
            const double f = scaled[0] * (double)back[a] + scaled[1] * (double)back[3 + a]
                             + scaled[2] * (double)back[6 + a];
            const double whole = floor(f);
            found->offsets[3 * i + a] = (int64_t)whole;
            found->wrapped[3 * i + a] = f - whole;
        }
    }
    return are_apart(found, atoms, limits->nearest);
}

static int ascending(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

/* Width of the widest layer, parallel to a face of the cell, without the centre of an atom. */
int widest_layer(const double *cell, const double *scaled, int64_t atoms, double *width)
{
    double *ordered = malloc((size_t)(atoms + 1) * sizeof(double));
    if (!ordered)
        return NO_MEMORY;
    const double volume = volume_of(cell);
    *width = 0;
    for (int a = 0; a < 3 && atoms > 0; a++) {
        const double *b = cell + 3 * ((a + 1) % 3), *c = cell + 3 * ((a + 2) % 3);
        const double face[3] = {b[1] * c[2] - b[2] * c[1], b[2] * c[0] - b[0] * c[2],
                                b[0] * c[1] - b[1] * c[0]};
        for (int64_t i = 0; i < atoms; i++)
            ordered[i] = scaled[3 * i + a] - floor(scaled[3 * i + a]);
        qsort(ordered, (size_t)atoms, sizeof(double), ascending);
        double step = ordered[0] + 1 - ordered[atoms - 1];
        for (int64_t i = 1; i < atoms; i++)
            step = fmax(step, ordered[i] - ordered[i - 1]);
        *width = fmax(*width, step * (volume / length(face)));
    }
    free(ordered);
    return FOUND;
}
