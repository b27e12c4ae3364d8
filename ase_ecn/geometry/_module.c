/* The compiled functions as Python calls them.

   Arguments are checked, the interpreter's lock is released, and results are bytearrays. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

#include "_geometry.h"

static PyObject *failed(int status)
{
    if (status == NO_MEMORY)
        return PyErr_NoMemory();
    PyErr_SetString(PyExc_ValueError,
                    status == SINGULAR     ? "the cell is numerically singular"
                    : status == NOT_FINITE ? "the cell or the positions are not finite"
                                           : "an atom is too far away from the cell");
    return NULL;
}

static int is_ordered(const int64_t *first, int64_t crystals, int64_t atoms)
{
    if (first[0] != 0 || first[crystals] != atoms)
        return 0;
    for (int64_t k = 0; k < crystals; k++)
        if (first[k + 1] < first[k])
            return 0;
    return 1;
}

/* The lists of all parts, end to end: (counts, neighbor, vector, image or None). */
static PyObject *joined(const Lists *found, int64_t atoms, int images)
{
    int64_t total = 0;
    for (int64_t p = 0; p < found->parts; p++)
        total += found->lists[p].count;
    const Py_ssize_t bonds = (Py_ssize_t)total, three = 3 * 8 * bonds;
    PyObject *counts = PyByteArray_FromStringAndSize((const char *)found->counts, 8 * atoms);
    PyObject *neighbor = PyByteArray_FromStringAndSize(NULL, 4 * bonds);
    PyObject *vector = PyByteArray_FromStringAndSize(NULL, three);
    PyObject *image = images ? PyByteArray_FromStringAndSize(NULL, three) : Py_NewRef(Py_None);
    if (!counts || !neighbor || !vector || !image) {
        Py_XDECREF(counts);
        Py_XDECREF(neighbor);
        Py_XDECREF(vector);
        Py_XDECREF(image);
        return NULL;
    }
    Py_ssize_t done = 0;
    for (int64_t p = 0; p < found->parts; p++) {
        const List *list = &found->lists[p];
        const size_t n = (size_t)list->count;
        if (n == 0)
            continue;
        memcpy(PyByteArray_AsString(neighbor) + 4 * done, list->neighbor, 4 * n);
        memcpy(PyByteArray_AsString(vector) + 24 * done, list->vector, 24 * n);
        if (images)
            memcpy(PyByteArray_AsString(image) + 24 * done, list->image, 24 * n);
        done += list->count;
    }
    return Py_BuildValue("(NNNN)", counts, neighbor, vector, image);
}

static PyObject *neighbors(PyObject *self, PyObject *arguments)
{
    Py_buffer cells, positions, first;
    double cutoff;
    int reduced, images;
    long long threads;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "y*y*y*dppL", &cells, &positions, &first, &cutoff, &reduced,
                          &images, &threads))
        return NULL;
    const int64_t crystals = cells.len / 72, atoms = positions.len / 24;
    const int fits = cells.len == 72 * crystals && positions.len == 24 * atoms
                     && first.len == 8 * (crystals + 1) && atoms <= INT32_MAX && cutoff > 0
                     && is_ordered(first.buf, crystals, atoms);
    Lists found = {0};
    PyObject *result = NULL;
    if (!fits) {
        PyErr_SetString(PyExc_ValueError, "arrays of crystals do not fit each other");
    } else {
        const Search given = {crystals, cells.buf, positions.buf, first.buf,
                              cutoff,   reduced,   images,        threads};
        int status;
        Py_BEGIN_ALLOW_THREADS
        status = search_neighbors(&given, &found);
        Py_END_ALLOW_THREADS
        result = status == FOUND ? joined(&found, atoms, images) : failed(status);
        forget(&found);
    }
    PyBuffer_Release(&cells);
    PyBuffer_Release(&positions);
    PyBuffer_Release(&first);
    return result;
}

/* Shells of all crystals, end to end: (counts, target, image, finished). */
static PyObject *joined_shells(const Shells *found, const int64_t *first)
{
    int64_t total = 0, done = 0;
    for (int64_t k = 0; k < found->crystals; k++)
        total += found->shells[k].count;
    const Py_ssize_t bonds = (Py_ssize_t)total, crystals = (Py_ssize_t)found->crystals;
    PyObject *arrays[4] = {
        PyByteArray_FromStringAndSize((const char *)found->counts, 8 * first[crystals]),
        PyByteArray_FromStringAndSize(NULL, 8 * bonds),
        PyByteArray_FromStringAndSize(NULL, 24 * bonds),
        PyByteArray_FromStringAndSize(NULL, crystals),
    };
    if (!arrays[0] || !arrays[1] || !arrays[2] || !arrays[3]) {
        for (int k = 0; k < 4; k++)
            Py_XDECREF(arrays[k]);
        return NULL;
    }
    int64_t *target = (int64_t *)PyByteArray_AsString(arrays[1]);
    char *image = PyByteArray_AsString(arrays[2]), *finished = PyByteArray_AsString(arrays[3]);
    for (int64_t k = 0; k < found->crystals; k++) {
        const Shell *shell = &found->shells[k];
        finished[k] = shell->target != NULL;
        for (int64_t e = 0; e < shell->count; e++)
            target[done + e] = shell->target[e] + first[k];
        if (shell->count)
            memcpy(image + 24 * done, shell->image, 24 * (size_t)shell->count);
        done += shell->count;
    }
    return Py_BuildValue("(NNNN)", arrays[0], arrays[1], arrays[2], arrays[3]);
}

static PyObject *shells(PyObject *self, PyObject *arguments)
{
    Py_buffer cells, positions, first, radii;
    double tolerance;
    long long least, threads;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "y*y*y*y*LdL", &cells, &positions, &first, &radii, &least,
                          &tolerance, &threads))
        return NULL;
    const int64_t crystals = cells.len / 72, atoms = positions.len / 24;
    const int fits = cells.len == 72 * crystals && positions.len == 24 * atoms
                     && first.len == 8 * (crystals + 1) && radii.len == 8 * crystals
                     && atoms <= INT32_MAX && least > 0 && is_ordered(first.buf, crystals, atoms);
    Shells found = {0};
    PyObject *result = NULL;
    if (!fits) {
        PyErr_SetString(PyExc_ValueError, "arrays of crystals do not fit each other");
    } else {
        const ShellSearch given = {crystals, cells.buf, positions.buf, first.buf,
                                   radii.buf, least,    tolerance,     threads};
        int status;
        Py_BEGIN_ALLOW_THREADS
        status = search_shells(&given, &found);
        Py_END_ALLOW_THREADS
        result = status == FOUND ? joined_shells(&found, first.buf) : failed(status);
        forget_shells(&found);
    }
    PyBuffer_Release(&cells);
    PyBuffer_Release(&positions);
    PyBuffer_Release(&first);
    PyBuffer_Release(&radii);
    return result;
}

static PyObject *reduce(PyObject *self, PyObject *argument)
{
    Py_buffer cell;
    int64_t transform[9];
    (void)self;
    if (PyObject_GetBuffer(argument, &cell, PyBUF_C_CONTIGUOUS) != 0)
        return NULL;
    const int fits = cell.len == 72;
    const int status = fits ? reduce_basis(cell.buf, transform) : FOUND;
    PyBuffer_Release(&cell);
    if (!fits)
        return PyErr_Format(PyExc_ValueError, "a cell has nine numbers");
    if (status != FOUND)
        return failed(status);
    return PyByteArray_FromStringAndSize((const char *)transform, sizeof transform);
}

static PyObject *inspected(PyObject *self, PyObject *arguments)
{
    Py_buffer cell, coordinates;
    Limits limits;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "y*y*pdddd", &cell, &coordinates, &limits.cartesian,
                          &limits.flatness, &limits.largest, &limits.farthest, &limits.nearest))
        return NULL;
    const int64_t atoms = coordinates.len / 24;
    const Py_ssize_t size = coordinates.len;
    PyObject *result = NULL, *arrays[3] = {NULL, NULL, NULL};
    Inspected found;
    if (cell.len != 72 || size != 24 * atoms) {
        PyErr_SetString(PyExc_ValueError, "a cell has nine numbers and an atom three");
    } else {
        for (int k = 0; k < 3; k++)
            arrays[k] = PyByteArray_FromStringAndSize(NULL, size);
        if (arrays[0] && arrays[1] && arrays[2]) {
            found.scaled = (double *)PyByteArray_AsString(arrays[0]);
            found.wrapped = (double *)PyByteArray_AsString(arrays[1]);
            found.offsets = (int64_t *)PyByteArray_AsString(arrays[2]);
            int status;
            Py_BEGIN_ALLOW_THREADS
            status = inspect(cell.buf, coordinates.buf, atoms, &limits, &found);
            Py_END_ALLOW_THREADS
            if (status == FOUND)
                result = Py_BuildValue("(dNNOOO)", found.volume,
                                       PyByteArray_FromStringAndSize((char *)found.cell, 72),
                                       PyByteArray_FromStringAndSize((char *)found.transform, 72),
                                       arrays[0], arrays[1], arrays[2]);
            else
                result = status == NO_MEMORY ? PyErr_NoMemory() : Py_NewRef(Py_None);
        }
        for (int k = 0; k < 3; k++)
            Py_XDECREF(arrays[k]);
    }
    PyBuffer_Release(&cell);
    PyBuffer_Release(&coordinates);
    return result;
}

static PyObject *vacuum(PyObject *self, PyObject *arguments)
{
    Py_buffer cell, scaled;
    double width;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "y*y*", &cell, &scaled))
        return NULL;
    const int64_t atoms = scaled.len / 24;
    const int fits = cell.len == 72 && scaled.len == 24 * atoms;
    const int status = fits ? widest_layer(cell.buf, scaled.buf, atoms, &width) : FOUND;
    PyBuffer_Release(&cell);
    PyBuffer_Release(&scaled);
    if (!fits)
        return PyErr_Format(PyExc_ValueError, "a cell has nine numbers and an atom three");
    return status == FOUND ? PyFloat_FromDouble(width) : failed(status);
}

static PyMethodDef methods[] = {
    {"neighbors", neighbors, METH_VARARGS,
     "neighbors(cells, positions, first, cutoff, reduced, images, threads): bytearrays of counts\n"
     "(N,) int64, neighbor (E,) int32, vector (E, 3) float64 and image (E, 3) int64 or None.\n"
     "Contiguous arrays: cells (B, 3, 3) and positions (N, 3) float64, first (B + 1,) int64."},
    {"shells", shells, METH_VARARGS,
     "shells(cells, positions, first, radii, least, tolerance, threads): bytearrays of counts (N,)\n"
     "int64, target (E,) int64, image (E, 3) int64, and one byte for each crystal, zero if its\n"
     "shells were not found and it has no bonds here. Arrays as for neighbors(); radii (B,)."},
    {"reduce", reduce, METH_O,
     "reduce(cell): the (3, 3) int64 transform of a (3, 3) float64 cell, as a bytearray."},
    {"inspected", inspected, METH_VARARGS,
     "inspected(cell, coordinates, cartesian, flatness, largest, farthest, nearest): None for a\n"
     "crystal that is not plainly valid, or its volume and bytearrays of the reduced cell (3, 3),\n"
     "transform (3, 3) int64, fractional coordinates (N, 3) in the given cell, the same wrapped\n"
     "into the reduced one, and what wrapping took away (N, 3) int64."},
    {"vacuum", vacuum, METH_VARARGS,
     "vacuum(cell, scaled): width of the widest layer without an atom, parallel to a face."},
    {NULL, NULL, 0, NULL}};

/* All that calls share they lock, or own: the interpreter need not lock for them. */
static PyModuleDef_Slot slots[] = {
#if defined(Py_GIL_DISABLED)
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL}};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, .m_name = "_compiled",
                                    .m_methods = methods, .m_slots = slots};

PyMODINIT_FUNC PyInit__compiled(void)
{
    return PyModuleDef_Init(&module);
}
