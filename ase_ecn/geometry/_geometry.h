/* Loops over the atoms of many crystals; see _module.c for what Python calls. */

#ifndef ASE_ECN_GEOMETRY_H
#define ASE_ECN_GEOMETRY_H

#include <stdint.h>

enum { FOUND = 0, NO_MEMORY = -1, SINGULAR = -2, NOT_FINITE = -3, TOO_FAR = -4 };

/* Rows of `transform` are the shortest basis of the lattice, in units of the rows of `cell`; 0, or
   SINGULAR. */
int reduce_basis(const double *cell, int64_t *transform);

/* Neighbours of the atoms of some crystals. Arrays are C-contiguous. */
typedef struct {
    int64_t crystals;
    const double *cells;     /* [crystals][3][3] Angstrom, rows */
    const double *positions; /* [atoms][3] Angstrom */
    const int64_t *first;    /* [crystals + 1] first atom of each crystal */
    double cutoff;           /* Angstrom */
    int reduced;             /* whether the cells are the shortest bases */
    int images;              /* whether translations are wanted */
    int64_t threads;
} Search;

/* The neighbours that one part of the atoms has, atom after atom. */
typedef struct {
    int64_t count, room;
    int32_t *neighbor; /* [count] */
    double *vector;    /* [count][3] Angstrom */
    int64_t *image;    /* [count][3], or null */
} List;

typedef struct {
    int64_t parts;
    int64_t *counts; /* [atoms] neighbours of each */
    List *lists;     /* [parts] in the order of the atoms */
} Lists;

/* Fills in `found`, which `forget` frees, also after an error. */
int search(const Search *search, Lists *found);
void forget(Lists *found);

#endif
