/* A lattice with its atoms wrapped into the cell and put into bins; see _lattice.c. */

#ifndef ASE_ECN_LATTICE_H
#define ASE_ECN_LATTICE_H

#include "_geometry.h"

/* Atoms in a bin: `count` of them in the order of bins, from `first` on. */
typedef struct {
    int64_t key, first, count;
} Bin;

typedef struct {
    double cell[9];       /* reduced, rows */
    double reach[3];      /* of the cutoff, in fractional coordinates */
    int64_t transform[9]; /* cell = transform @ given cell */
    int64_t bins[3];      /* along each axis */
    int64_t slots;        /* of the hash table, a power of two; zero: no bins */
    Bin *table;
} Lattice;

/* Atoms of all crystals as the search wants them. */
typedef struct {
    double *wrapped;  /* [atoms][3] Angstrom */
    double *fraction; /* [atoms][3] from 0 to 1, but for rounding */
    int64_t *offset;  /* [atoms][3] lattice vectors that wrapping took away */
    int64_t *order;   /* [atoms] atoms of a crystal in the order of bins */
    double *ordered;  /* [atoms][3] wrapped, in that order */
} Atoms;

static inline double dot(const double *a, const double *b)
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* Where a bin is, or should be. */
static inline Bin *bin_of(const Lattice *lattice, int64_t key)
{
    uint64_t slot = (uint64_t)key * 0x9E3779B97F4A7C15u >> 20;
    for (;; slot++) {
        Bin *bin = &lattice->table[slot & (uint64_t)(lattice->slots - 1)];
        if (bin->count == 0 || bin->key == key)
            return bin;
    }
}

/* Reduces the lattice of a crystal, and wraps its atoms and puts them into bins. */
int prepare_lattice(const Search *search, int64_t crystal, Lattice *lattice, Atoms *all);

#endif
