/* The shortest basis of a lattice, by the steps of reduction.py.

   They are explained there. */

#include <math.h>
#include <stdlib.h>

#include "_geometry.h"

#define TOLERANCE 1e-12 /* relative size of a product below which two vectors count as obtuse */

enum { MAX_STEPS = 10000, CANDIDATES = 7 };

typedef struct {
    int64_t n[3];
    double square;
    int place;
} Candidate;

static double dot(const double *a, const double *b)
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static int by_length(const void *left, const void *right)
{
    const Candidate *a = left, *b = right;
    if (a->square != b->square)
        return a->square < b->square ? -1 : 1;
    return a->place - b->place;
}

static int64_t determinant(const int64_t *a, const int64_t *b, const int64_t *c)
{
    return (a[1] * b[2] - a[2] * b[1]) * c[0] + (a[2] * b[0] - a[0] * b[2]) * c[1]
           + (a[0] * b[1] - a[1] * b[0]) * c[2];
}

static int obtuse_superbase(double points[4][3], int64_t integers[4][3])
{
    static const int pairs[6][4] = {{0, 1, 2, 3}, {0, 2, 1, 3}, {0, 3, 1, 2},
                                    {1, 2, 0, 3}, {1, 3, 0, 2}, {2, 3, 0, 1}};
    for (int step = 0; step < MAX_STEPS; step++) {
        const int *acute = NULL;
        double largest = TOLERANCE * (dot(points[0], points[0]) + dot(points[1], points[1])
                                      + dot(points[2], points[2]) + dot(points[3], points[3]));
        for (int p = 0; p < 6; p++) {
            const double product = dot(points[pairs[p][0]], points[pairs[p][1]]);
            if (product > largest) {
                largest = product;
                acute = pairs[p];
            }
        }
        if (acute == NULL)
            return FOUND;
        const int i = acute[0];
        for (int x = 0; x < 3; x++) {
            for (int n = 2; n < 4; n++) {
                points[acute[n]][x] += points[i][x];
                integers[acute[n]][x] += integers[i][x];
            }
            points[i][x] = -points[i][x];
            integers[i][x] = -integers[i][x];
        }
    }
    return SINGULAR;
}

int reduce_basis(const double *cell, int64_t *transform)
{
    double points[4][3];
    int64_t integers[4][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {-1, -1, -1}};
    for (int x = 0; x < 3; x++) {
        for (int i = 0; i < 3; i++)
            points[i][x] = cell[3 * i + x];
        points[3][x] = -(cell[x] + cell[3 + x] + cell[6 + x]);
    }
    if (obtuse_superbase(points, integers) != FOUND)
        return SINGULAR;
    Candidate found[CANDIDATES];
    for (int k = 0; k < CANDIDATES; k++) {
        static const int sums[3][2] = {{0, 1}, {0, 2}, {1, 2}};
        Candidate *c = &found[k];
        double v[3];
        c->place = k;
        for (int x = 0; x < 3; x++)
            c->n[x] = k < 4 ? integers[k][x]
                            : integers[sums[k - 4][0]][x] + integers[sums[k - 4][1]][x];
        for (int x = 0; x < 3; x++)
            v[x] = (double)c->n[0] * cell[x] + (double)c->n[1] * cell[3 + x]
                   + (double)c->n[2] * cell[6 + x];
        c->square = dot(v, v);
    }
    qsort(found, CANDIDATES, sizeof(Candidate), by_length);
    int third = 2;
    for (int k = CANDIDATES - 1; k >= 2; k--)
        if (llabs(determinant(found[0].n, found[1].n, found[k].n)) == 1)
            third = k;
    for (int x = 0; x < 3; x++) {
        transform[x] = found[0].n[x];
        transform[3 + x] = found[1].n[x];
        transform[6 + x] = found[third].n[x];
    }
    return FOUND;
}
