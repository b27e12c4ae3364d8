/* The shortest basis of a lattice, its atoms wrapped into the cell, and bins of them.

   Bins are at least as thick as the cutoff, or as the cell where that is thinner. A hash table has
   those that are not empty. */

#include "_lattice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FEW_ATOMS = 32 };
#define SLACK 1e-9      /* of fractional coordinates, for rounding */
#define MOST_BINS 1e6   /* along an axis, so that three of their numbers fit into one */
#define FARTHEST 1e9    /* lattice vectors */
#define MOST_IMAGES 1e9

static void cross(const double *a, const double *b, double *out)
{
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

static int64_t key_of(const Lattice *lattice, const double *fraction)
{
    int64_t key = 0;
    for (int a = 0; a < 3; a++) {
        const int64_t n = lattice->bins[a], b = (int64_t)(fraction[a] * (double)n);
        key = key * n + (b < n ? b : n - 1);
    }
    return key;
}

/* Puts atoms into bins, in linear time. */
static int fill_bins(Atoms *all, Lattice *lattice, int64_t first, int64_t atoms)
{
    lattice->slots = 64;
    while (lattice->slots < 2 * atoms)
        lattice->slots *= 2;
    lattice->table = calloc((size_t)lattice->slots, sizeof(Bin));
    if (!lattice->table)
        return NO_MEMORY;
    const double *fraction = all->fraction + 3 * first;
    for (int64_t i = 0; i < atoms; i++) {
        const int64_t key = key_of(lattice, fraction + 3 * i);
        Bin *bin = bin_of(lattice, key);
        bin->key = key;
        bin->count++;
    }
    int64_t used = 0;
    for (int64_t s = 0; s < lattice->slots; s++) {
        lattice->table[s].first = used;
        used += lattice->table[s].count;
    }
    /* Filled from its end, a bin has the atoms in their order. */
    for (int64_t s = 0; s < lattice->slots; s++)
        lattice->table[s].first += lattice->table[s].count;
    for (int64_t i = atoms - 1; i >= 0; i--) {
        Bin *bin = bin_of(lattice, key_of(lattice, fraction + 3 * i));
        const int64_t place = first + --bin->first;
        all->order[place] = i;
        memcpy(all->ordered + 3 * place, all->wrapped + 3 * (first + i), 3 * sizeof(double));
    }
    return FOUND;
}

int prepare_lattice(const Search *c, int64_t crystal, Lattice *lattice, Atoms *all)
{
    const double *given = c->cells + 9 * crystal;
    const int64_t first = c->first[crystal], atoms = c->first[crystal + 1] - first;
    static const int64_t identity[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    for (int k = 0; k < 9; k++)
        if (!isfinite(given[k]))
            return NOT_FINITE;
    memcpy(lattice->transform, identity, sizeof identity);
    if (!c->reduced && reduce_basis(given, lattice->transform) != FOUND)
        return SINGULAR;
    double *cell = lattice->cell, inverse[9]; /* columns of the inverse, as rows */
    for (int i = 0; i < 3; i++)
        for (int x = 0; x < 3; x++)
            cell[3 * i + x] = (double)lattice->transform[3 * i] * given[x]
                              + (double)lattice->transform[3 * i + 1] * given[3 + x]
                              + (double)lattice->transform[3 * i + 2] * given[6 + x];
    cross(cell + 3, cell + 6, inverse);
    cross(cell + 6, cell, inverse + 3);
    cross(cell, cell + 3, inverse + 6);
    const double volume = dot(cell, inverse);
    double images = 1;
    int64_t bins = 1;
    for (int a = 0; a < 3; a++) {
        for (int x = 0; x < 3; x++)
            inverse[3 * a + x] /= volume;
        const double reach = c->cutoff * sqrt(dot(inverse + 3 * a, inverse + 3 * a));
        lattice->reach[a] = reach + SLACK;
        images *= 2 * reach + 1;
        if (!(images < MOST_IMAGES)) /* also where the volume is zero */
            return SINGULAR;
        const double n = floor(1 / reach);
        lattice->bins[a] = n < 1 ? 1 : n < MOST_BINS ? (int64_t)n : (int64_t)MOST_BINS;
        bins = lattice->bins[a] > bins ? lattice->bins[a] : bins;
    }
    for (int64_t i = first; i < first + atoms; i++) {
        const double *p = c->positions + 3 * i;
        double whole[3];
        for (int a = 0; a < 3; a++) {
            const double f = dot(p, inverse + 3 * a);
            if (!isfinite(f))
                return NOT_FINITE;
            if (fabs(f) > FARTHEST)
                return TOO_FAR;
            whole[a] = floor(f);
            all->offset[3 * i + a] = (int64_t)whole[a];
        }
        double *wrapped = all->wrapped + 3 * i;
        for (int x = 0; x < 3; x++)
            wrapped[x]
                = p[x] - (whole[0] * cell[x] + whole[1] * cell[3 + x] + whole[2] * cell[6 + x]);
        for (int a = 0; a < 3; a++)
            all->fraction[3 * i + a] = dot(wrapped, inverse + 3 * a);
    }
    return atoms > FEW_ATOMS && bins > 1 ? fill_bins(all, lattice, first, atoms) : FOUND;
}

