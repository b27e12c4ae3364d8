/* What a pass of an EMPNN works on; see _pass.c. compiled_empnn.py has the same structures. */

#ifndef EMPNN_H
#define EMPNN_H

#include <stdint.h>

enum { BAND = 16 }; /* Gaussians of a bond that count: those nearest to its length */

/* A round of messages. Weights lie in panels of 16 columns, see ../so3/_product.h. F features of
   an atom, D Gaussians of a bond; `gate` and `value` are what the sigmoid and the SiLU take. */
typedef struct {
    const void *ends;        /* [4 F / 16][F][16] gate and value of the source, then the target */
    const void *ends_bias;   /* [4 F] */
    const void *edge;        /* [F / 16][D][2][16] gate and value */
    const void *hidden;      /* [F / 16][2 F][16] the normalisation's factors included */
    const void *hidden_bias; /* [F] */
    const void *change;      /* [F / 16][F][16] */
    const void *change_bias; /* [F] */
} Round;

/* What reads a bond's share of the strain. */
typedef struct {
    const void *ends;      /* [2 F / 16][F][16] source, then target */
    const void *ends_bias; /* [2 F] */
    const void *edge;      /* [F / 16][D][16] */
    const void *weight;    /* [F] */
} Reader;

typedef struct {
    int64_t features, gaussians, plain, deforming;
    double spacing; /* of the Gaussians' centres, which begin at zero, and their width; Angstrom */
    double epsilon; /* of the normalisation */
    double limit;   /* of the norm of a layer's strain */
    const void *embedding; /* [elements][F] */
    const Round *rounds;   /* [plain + deforming] */
    const Reader *readers; /* [deforming] */
} Network;

/* Crystals with their bonds, atom after atom. Cells are rows, in Angstrom. */
typedef struct {
    int64_t crystals;
    const int64_t *first;   /* [crystals + 1] first atom of each crystal */
    const int64_t *row;     /* [atoms + 1] first bond of each atom */
    const int64_t *target;  /* [bonds] atom at the other end */
    const int64_t *numbers; /* [atoms] */
    const void *fraction;   /* [bonds][3] in units of the lattice vectors */
    const void *cells;      /* [crystals][3][3] */
    void *relaxed;          /* [crystals][3][3] is written */
} Graphs;

/* Crystals from `first` to `last`, alone. 0, or -1 without memory. */
typedef int (*RunPass)(const Network *, const Graphs *, int64_t first, int64_t last);

#endif
