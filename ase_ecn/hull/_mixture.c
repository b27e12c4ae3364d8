/* Mixtures of phases of lowest energy, by the steps of simplex.py, which explains them.

   Phases are rows of a table; those of some ranges and those of one's own are gathered into the
   tableau here, which takes as long as the simplex method itself. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NO_GAIN 1e-11 /* eV/atom */
#define PIVOT 1e-12
enum { PATIENCE = 10, NUMBERS = 256 };

typedef struct {
    int64_t known, width;    /* rows of the table, and elements of each at most */
    const uint8_t *numbers;  /* [known][width], zero where there are fewer */
    const double *shares;    /* [known][width] */
    const double *energies;  /* [known] */
    int64_t ranges;
    const int64_t *ends;     /* [ranges][2] first row of each, and the one after the last */
    int64_t own;
    const double *own_shares; /* [elements][own] */
    const double *own_energies;
    int64_t elements;
    const int64_t *wanted; /* [elements] atomic numbers */
    const double *mixture; /* [elements] shares */
} Problem;

/* One row for each element and one for the gains; the elements themselves and the mixture come
   last. Returns the number of columns, or zero without memory. */
static int64_t fill(const Problem *p, double **tableau)
{
    int64_t phases = p->own, place[NUMBERS], column = 0;
    for (int64_t r = 0; r < p->ranges; r++)
        phases += p->ends[2 * r + 1] - p->ends[2 * r];
    const int64_t n = p->elements, columns = phases + n + 1;
    double *t = *tableau = calloc((size_t)((n + 1) * columns), sizeof(double));
    if (!t)
        return 0;
    for (int k = 0; k < NUMBERS; k++)
        place[k] = -1;
    for (int64_t k = 0; k < n; k++)
        place[p->wanted[k]] = k;
    for (int64_t r = 0; r < p->ranges; r++)
        for (int64_t row = p->ends[2 * r]; row < p->ends[2 * r + 1]; row++, column++) {
            for (int64_t k = row * p->width; k < (row + 1) * p->width; k++)
                if (place[p->numbers[k]] >= 0)
                    t[place[p->numbers[k]] * columns + column] = p->shares[k];
            t[n * columns + column] = p->energies[row];
        }
    for (int64_t k = 0; k < n; k++) {
        memcpy(t + k * columns + column, p->own_shares + k * p->own,
               (size_t)p->own * sizeof(double));
        t[k * columns + phases + k] = 1;
        t[(k + 1) * columns - 1] = p->mixture[k];
    }
    memcpy(t + n * columns + column, p->own_energies, (size_t)p->own * sizeof(double));
    return columns;
}

static int64_t entering(const double *gains, int64_t count, int first)
{
    int64_t best = 0;
    for (int64_t k = 0; k < count; k++) {
        if (first && gains[k] < -NO_GAIN)
            return k;
        if (gains[k] < gains[best])
            best = k;
    }
    return best;
}

/* Of the rows that are used up first, that of the member that comes first; -1 if there is none. */
static int64_t leaving(const double *t, int64_t rows, int64_t columns, int64_t enters,
                       const int64_t *members)
{
    int64_t found = -1;
    double least = 0;
    for (int64_t k = 0; k < rows; k++) {
        const double pivot = t[k * columns + enters];
        if (!(pivot > PIVOT))
            continue;
        const double ratio = t[(k + 1) * columns - 1] / pivot;
        if (found < 0 || ratio < least || (ratio == least && members[k] < members[found])) {
            found = k;
            least = ratio;
        }
    }
    return found;
}

/* 0, or -1 where no row can leave. */
static int minimise(double *t, int64_t rows, int64_t columns, int64_t *members)
{
    for (int64_t k = 0; k < rows; k++)
        members[k] = columns - 1 - rows + k;
    for (int64_t step = 0;; step++) {
        const double *gains = t + rows * columns;
        const int64_t enters = entering(gains, columns - 1, step > PATIENCE * rows);
        if (gains[enters] > -NO_GAIN)
            return 0;
        const int64_t leaves = leaving(t, rows, columns, enters, members);
        if (leaves < 0)
            return -1;
        double *own = t + leaves * columns;
        const double pivot = own[enters];
        for (int64_t c = 0; c < columns; c++)
            own[c] /= pivot;
        for (int64_t k = 0; k <= rows; k++) {
            const double factor = t[k * columns + enters];
            if (k == leaves || factor == 0)
                continue;
            for (int64_t c = 0; c < columns; c++)
                t[k * columns + c] -= factor * own[c];
        }
        members[leaves] = enters;
    }
}

static int fits(const Problem *p, const Py_buffer *b)
{
    if (p->elements < 1 || p->width < 1 || b[0].len != p->known * p->width
        || b[1].len != 8 * b[0].len || b[3].len != 16 * p->ranges
        || b[4].len != 8 * p->own * p->elements || b[7].len != b[6].len)
        return 0;
    for (int64_t k = 0; k < p->elements; k++)
        if (p->wanted[k] < 1 || p->wanted[k] >= NUMBERS)
            return 0;
    for (int64_t r = 0; r < p->ranges; r++)
        if (p->ends[2 * r] < 0 || p->ends[2 * r + 1] < p->ends[2 * r]
            || p->ends[2 * r + 1] > p->known)
            return 0;
    return 1;
}

static PyObject *solved(const Problem *p)
{
    double *t = NULL;
    int64_t columns, *members = malloc((size_t)p->elements * sizeof(int64_t));
    int status = -1;
    Py_BEGIN_ALLOW_THREADS
    columns = members ? fill(p, &t) : 0;
    if (columns)
        status = minimise(t, p->elements, columns, members);
    Py_END_ALLOW_THREADS
    PyObject *result = NULL;
    if (!columns)
        PyErr_NoMemory();
    else if (status < 0)
        PyErr_SetString(PyExc_ValueError, "the energies have no lowest mixture");
    else
        result = PyList_New((Py_ssize_t)p->elements);
    for (int64_t k = 0; result && k < p->elements; k++) {
        const double amount = t[(k + 1) * columns - 1];
        PyObject *member = Py_BuildValue("(Ld)", (long long)members[k], amount);
        if (member)
            PyList_SET_ITEM(result, (Py_ssize_t)k, member);
        else
            Py_CLEAR(result);
    }
    free(t);
    free(members);
    return result;
}

static PyObject *mixture(PyObject *self, PyObject *arguments)
{
    Py_buffer b[8];
    PyObject *result = NULL;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "y*y*y*y*y*y*y*y*", b, b + 1, b + 2, b + 3, b + 4, b + 5,
                          b + 6, b + 7))
        return NULL;
    const Problem p = {.known = b[2].len / 8,
                       .width = b[2].len ? b[0].len / (b[2].len / 8) : 1,
                       .numbers = b[0].buf,
                       .shares = b[1].buf,
                       .energies = b[2].buf,
                       .ranges = b[3].len / 16,
                       .ends = b[3].buf,
                       .own = b[5].len / 8,
                       .own_shares = b[4].buf,
                       .own_energies = b[5].buf,
                       .elements = b[6].len / 8,
                       .wanted = b[6].buf,
                       .mixture = b[7].buf};
    if (fits(&p, b))
        result = solved(&p);
    else
        PyErr_SetString(PyExc_ValueError, "arrays of phases do not fit each other");
    for (int k = 0; k < 8; k++)
        PyBuffer_Release(b + k);
    return result;
}

static PyMethodDef methods[] = {
    {"mixture", mixture, METH_VARARGS,
     "mixture(numbers, shares, energies, ranges, own_shares, own_energies, elements, mixture):\n"
     "for each element the column of a member, the phases of the ranges first, then one's own,\n"
     "then the elements, and the share of the atoms that are in it.\n"
     "Contiguous arrays: numbers (P, M) uint8, elements (K,) and ranges (R, 2) int64, others\n"
     "float64: shares (P, M), energies (P,), own_shares (K, O), own_energies (O,), mixture (K,)."},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, .m_name = "_mixture", .m_size = -1,
                                    .m_methods = methods};

PyMODINIT_FUNC PyInit__mixture(void)
{
    return PyModule_Create(&module);
}
