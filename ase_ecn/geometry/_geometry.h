/* Loops over the atoms of many crystals; see _module.c for what Python calls. */

#ifndef ASE_ECN_GEOMETRY_H
#define ASE_ECN_GEOMETRY_H

#include <stdint.h>

enum { FOUND = 0, NO_MEMORY = -1, SINGULAR = -2, NOT_FINITE = -3, TOO_FAR = -4, UNUSUAL = 1 };

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
int search_neighbors(const Search *search, Lists *found);
void forget(Lists *found);

/* At least the `least` nearest neighbours of each atom, and all that are further than the last of
   them by no more than a tolerance. */
typedef struct {
    int64_t crystals;
    const double *cells, *positions; /* as in Search, any basis */
    const int64_t *first;
    const double *radii; /* [crystals] Angstrom, within which to search first */
    int64_t least;
    double tolerance; /* Angstrom */
    int64_t threads;
} ShellSearch;

/* Bonds of a crystal, atom after atom, of each the nearest first. */
typedef struct {
    int64_t count;
    int64_t *target; /* [count] in the crystal; null if the crystal was not finished */
    int64_t *image;  /* [count][3] in units of the given cell, between atoms where they were */
} Shell;

typedef struct {
    int64_t crystals;
    int64_t *counts; /* [atoms] bonds of each */
    Shell *shells;   /* [crystals] */
} Shells;

/* Fills in `found`, which `forget_shells` frees, also after an error. */
int search_shells(const ShellSearch *search, Shells *found);
void forget_shell(Shell *shell);
void forget_shells(Shells *found);

/* What a plainly valid crystal keeps to. */
typedef struct {
    int cartesian;   /* whether coordinates are in Angstrom, not fractional */
    double flatness; /* least volume over the product of three lengths */
    double largest;  /* volume of an atom, Angstrom^3 */
    double farthest; /* lattice vectors from the cell */
    double nearest;  /* distance of two atoms, Angstrom */
} Limits;

/* A crystal in the shortest basis of its lattice. */
typedef struct {
    double volume, cell[9];
    int64_t transform[9]; /* cell = transform @ given cell */
    double *scaled;       /* [atoms][3] fractional coordinates in the given cell */
    double *wrapped;      /* [atoms][3] in the reduced cell, from 0 to 1 */
    int64_t *offsets;     /* [atoms][3] lattice vectors that wrapping took away */
} Inspected;

/* FOUND; UNUSUAL if the crystal has to be looked at more closely; or NO_MEMORY. */
int inspect(const double *cell, const double *coordinates, int64_t atoms, const Limits *limits,
            Inspected *found);

/* Width in Angstrom of the widest layer, parallel to a face of the cell, without an atom. */
int widest_layer(const double *cell, const double *scaled, int64_t atoms, double *width);

#endif
