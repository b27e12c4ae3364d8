/* What one call works on; see _convolution.c. */

#ifndef SO3_LAYER_H
#define SO3_LAYER_H

#include <stdint.h>
#include <string.h>

enum { FORWARD, DUAL_FORWARD, BACKWARD, PARAMETERS, DUAL_PARAMETERS };
enum { FIRST, MIDDLE, LAST };
enum { DEGREES = 4 };

/* Arrays of a precision, C-contiguous, the channels last. library.py has the same structures. */
typedef struct {
    int64_t task, kind, degree;
    int64_t atoms, rows, width; /* rows and width of the table */
    int64_t mul[DEGREES];       /* channels of the input, by degree */
    int64_t channels[DEGREES];  /* channels of the sums, by degree */
    int64_t channel[64];        /* first channel of a coupling in the sums of its degree */
    int64_t offset[64];         /* first column of a coupling in the table */
    const int64_t *row;         /* [atoms + 1] first bond of each atom */
    const int32_t *neighbor;    /* [bonds] */
    const int32_t *bin, *reverse_bin; /* [bonds] first of four rows of the table */
    const void *y, *yd;         /* [bonds][(degree + 1)^2] */
    const void *h, *hd;         /* [bonds][4]; for BACKWARD hd is the derivative by length */
    const void *table;          /* [rows][width] */
    const void *x[DEGREES], *xd[DEGREES]; /* [atoms][2 l + 1][mul] */
    const void *g[DEGREES], *gd[DEGREES]; /* [atoms][2 l + 1][channels] */
    void *a[DEGREES], *ad[DEGREES];       /* sums, or */
    void *gx[DEGREES], *gxd[DEGREES];     /* gradients, that are written */
    void *gy, *gr, *gtable;
} Layer;

#define PLACE(l1, l2, l3) ((l1) * 16 + (l2) * 4 + (l3))
#define CHANNEL(l1, l2, l3) c->channel[PLACE(l1, l2, l3)]
#define OFFSET(l1, l2, l3) c->offset[PLACE(l1, l2, l3)]
#define INLINE static inline __attribute__((always_inline))
#define APART static __attribute__((noinline))

/* Bonds' lengths, harmonics and splines, and their derivatives. */
typedef struct {
    int64_t task, degree, bonds, intervals;
    double first_knot, cutoff;
    const void *vector, *direction; /* [bonds][3] */
    const void *gy, *gr;
    void *y, *h, *hr, *pull;
    int32_t *bin;
} Geometry;

/* out = add + a[0] w[0] + a[1] w[1]; the weights in panels, see _product.h. */
enum { PANEL = 16, TERMS = 2 };
typedef struct {
    int64_t rows, columns, inner[TERMS]; /* an inner size of zero: no such term */
    const void *a[TERMS], *w[TERMS];     /* [rows][inner], [columns / PANEL][inner][PANEL] */
    const void *add;                     /* [rows][columns], or null */
    const int64_t *add_row;              /* [rows] which row of `add` instead, or null */
    void *out;                           /* [rows][columns] */
} Product;

/* Normalisation and gates. The tasks are those of a layer; BACKWARD has no agamma. */
typedef struct {
    int64_t task, atoms, degrees;
    double epsilon, gain;
    int64_t sizes[DEGREES], out[DEGREES]; /* channels that come in, and that go out */
    const void *f[DEGREES], *fd[DEGREES], *gamma[DEGREES];
    void *o[DEGREES], *od[DEGREES];
    const void *ao[DEGREES], *aod[DEGREES];
    void *af[DEGREES], *afd[DEGREES], *agamma; /* agamma of all degrees end to end */
} Activation;

enum { VALUES, GRADIENTS, DIRECTIONS };

/* Rows times those of their atoms' elements, in place. */
typedef struct {
    int64_t atoms, each, columns, stride; /* rows of an atom; numbers from element to element */
    const int64_t *element;               /* [atoms] */
    const void *factors;                  /* [elements][stride], the first `columns` of each */
    void *rows;                           /* [atoms][each][columns] */
} Scaling;

/* to += from */
typedef struct {
    int64_t count;
    const void *from;
    void *to;
} Sum;

/* One call of many that follow each other. */
enum { GEOMETRY, CONVOLUTION, PRODUCT, ACTIVATION, SUM, SCALING };
typedef struct {
    int64_t kind;
    const void *call;
} Step;

typedef void (*RunRange)(const Layer *, int64_t, int64_t, void *);
typedef void (*RunActivation)(const Activation *, int64_t, int64_t, void *);
typedef void (*RunProduct)(const Product *, int64_t, int64_t);
typedef void (*RunGeometry)(const Geometry *, int64_t, int64_t);
typedef void (*RunScaling)(const Scaling *, int64_t, int64_t);

#endif
