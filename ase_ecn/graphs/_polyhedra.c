/* Faces of Voronoi polyhedra, one atom after the other.

   The same algorithm as voronoi_polyhedra in polyhedra.py, where it is explained: two planes meet in
   a line, on which the other planes leave an edge or nothing. A loop can stop at the first plane
   that leaves nothing, and look at far planes only where a corner is as far; arrays cannot. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COINCIDENT 1e-9 /* radians, and Angstrom */
#define CUT 1e-11        /* Angstrom */
#define NO_FACE 1e-12   /* Angstrom^2: what rounding leaves of planes that touch an edge */
#define INFINITE 1e9    /* Angstrom */
#define FIRST_PLANES 12
#define MORE_PLANES 8
#define MOST_PLANES 256 /* no polyhedron of a crystal comes near */
#define ENCLOSING (-1)
#define EDGES_OF_A_TETRAHEDRON 6

typedef struct {
    double normal[3];
    double offset; /* the half-space is normal . x <= offset */
    double area;
    Py_ssize_t index;
} Plane;

static double dot(const double *a, const double *b)
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static int by_offset(const void *left, const void *right)
{
    const Plane *a = left, *b = right;
    if (a->offset != b->offset)
        return a->offset < b->offset ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

/* What the planes leave of the line foot + t direction, in which planes k and m meet, within the
   given ends. The plane that left nothing of the last line is tried first. */
static int clip(const Plane *planes, Py_ssize_t count, Py_ssize_t k, Py_ssize_t m, double cosine,
                const double *foot, const double *direction, double *lower, double *upper,
                Py_ssize_t *last)
{
    for (Py_ssize_t i = -1; i < count; i++) {
        Py_ssize_t n = i < 0 ? *last : i;
        if (n == k || n == m)
            continue;
        const double *normal = planes[n].normal;
        double slope = dot(normal, direction);
        double height = dot(normal, foot) - planes[n].offset;
        int outside = 0;
        if (fabs(slope) < COINCIDENT && fabs(height) < COINCIDENT) {
            /* Of several planes through one line only the outermost two bound the polyhedron. */
            outside = dot(normal, planes[k].normal) <= cosine ||
                      dot(normal, planes[m].normal) <= cosine;
        } else if (slope == 0.0) {
            outside = height > 0.0;
        } else {
            double t = -height / slope;
            double above = slope > 0.0 ? t : INFINITE, below = slope > 0.0 ? -INFINITE : t;
            *upper = above < *upper ? above : *upper;
            *lower = below > *lower ? below : *lower;
            outside = *upper <= *lower;
        }
        if (outside) {
            *last = n;
            return 0;
        }
    }
    return 1;
}

/* Areas of the faces of one polyhedron, and its corners, twice for each edge; returns the distance
   of the farthest corner. The polyhedron is known to lie within a sphere. */
static double polyhedron(Plane *planes, Py_ssize_t count, double sphere, double *corners,
                         Py_ssize_t *corner_count)
{
    double farthest = 0.0;
    Py_ssize_t edges = 0, last = 0;
    for (Py_ssize_t k = 0; k < count; k++)
        planes[k].area = 0.0;
    for (Py_ssize_t k = 0; k < count; k++) {
        const double *a = planes[k].normal;
        double c_k = planes[k].offset;
        for (Py_ssize_t m = k + 1; m < count; m++) {
            const double *b = planes[m].normal;
            double c_m = planes[m].offset;
            double cosine = dot(a, b);
            double direction[3] = {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2],
                                   a[0] * b[1] - a[1] * b[0]};
            double squared_sine = dot(direction, direction);
            if (squared_sine <= COINCIDENT * COINCIDENT)
                continue;
            /* The foot is the point of the line that is nearest to the atom. */
            double along_k = (c_k - c_m * cosine) / squared_sine;
            double along_m = (c_m - c_k * cosine) / squared_sine;
            double squared_foot = along_k * c_k + along_m * c_m;
            double reach = sphere * sphere - squared_foot;
            if (reach < 0.0)
                continue;
            double sine = sqrt(squared_sine), foot[3], upper = sqrt(reach), lower = -upper;
            for (int x = 0; x < 3; x++) {
                direction[x] /= sine;
                foot[x] = along_k * a[x] + along_m * b[x];
            }
            if (!clip(planes, count, k, m, cosine, foot, direction, &lower, &upper, &last))
                continue;
            double half = 0.5 * (upper - lower) / sine;
            planes[k].area += half * (c_m - c_k * cosine);
            planes[m].area += half * (c_k - c_m * cosine);
            farthest = fmax(farthest, squared_foot + fmax(upper * upper, lower * lower));
            for (int x = 0; x < 3; x++) {
                corners[6 * edges + x] = foot[x] + lower * direction[x];
                corners[6 * edges + 3 + x] = foot[x] + upper * direction[x];
            }
            edges++;
        }
    }
    *corner_count = 2 * edges;
    farthest = sqrt(farthest);
    if (edges < EDGES_OF_A_TETRAHEDRON || farthest >= INFINITE / 2)
        return HUGE_VAL;
    return farthest;
}

static int cuts_a_corner(const Plane *plane, const double *corners, Py_ssize_t count)
{
    for (Py_ssize_t i = 0; i < count; i++)
        if (dot(plane->normal, corners + 3 * i) > plane->offset + CUT)
            return 1;
    return 0;
}

/* A tetrahedron around everything, so that all polyhedra are closed. */
static void enclose(Plane *planes, double offset)
{
    static const double signs[4][3] = {{1, 1, 1}, {1, -1, -1}, {-1, 1, -1}, {-1, -1, 1}};
    for (int n = 0; n < 4; n++) {
        for (int x = 0; x < 3; x++)
            planes[n].normal[x] = signs[n][x] / sqrt(3.0);
        planes[n].offset = offset;
        planes[n].index = ENCLOSING;
    }
}

/* The nearest planes make a first polyhedron, which contains the true one. Only planes that cut
   off one of its corners can add a face: the nearest few of them make the next polyhedron, until
   none does. Planes without a face can be forgotten. */
static double faces_of_atom(const double *vectors, Py_ssize_t count, Plane *planes, Plane *used,
                            double *corners, Py_ssize_t *corner_count, double *areas)
{
    *corner_count = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        double length = sqrt(dot(vectors + 3 * i, vectors + 3 * i));
        for (int x = 0; x < 3; x++)
            planes[i].normal[x] = vectors[3 * i + x] / length;
        planes[i].offset = 0.5 * length;
        planes[i].index = i;
        planes[i].area = areas[i] = 0.0;
    }
    if (count == 0)
        return HUGE_VAL;
    qsort(planes, (size_t)count, sizeof(Plane), by_offset);
    Py_ssize_t next = count < FIRST_PLANES ? count : FIRST_PLANES, size = 0, added;
    for (; size < next; size++)
        used[size] = planes[size];
    enclose(used + size, 4 * planes[count - 1].offset);
    size += 4;
    double radius = INFINITE;
    do {
        radius = polyhedron(used, size, radius * (1 + 1e-9), corners, corner_count);
        Py_ssize_t kept = 0;
        for (Py_ssize_t n = 0; n < size; n++)
            if (used[n].area > 0.0)
                used[kept++] = used[n];
        size = kept;
        added = 0;
        for (; next < count && planes[next].offset < radius && added < MORE_PLANES; next++)
            if (cuts_a_corner(&planes[next], corners, *corner_count)) {
                used[size++] = planes[next];
                added++;
            }
    } while (added > 0 && size + MORE_PLANES <= MOST_PLANES);
    for (Py_ssize_t n = 0; n < size; n++) {
        if (used[n].index == ENCLOSING)
            radius = HUGE_VAL;
        else if (used[n].area > NO_FACE)
            areas[used[n].index] = used[n].area;
    }
    return added > 0 ? HUGE_VAL : radius;
}

/* Corners of all atoms, one after the other. */
typedef struct {
    Py_ssize_t count, room;
    double *points;
} Corners;

static int keep_corners(Corners *all, const double *points, Py_ssize_t count)
{
    if (all->count + count > all->room) {
        Py_ssize_t room = 2 * (all->count + count);
        double *larger = realloc(all->points, (size_t)room * 3 * sizeof(double));
        if (larger == NULL)
            return 0;
        all->points = larger;
        all->room = room;
    }
    if (count > 0)
        memcpy(all->points + 3 * all->count, points, (size_t)count * 3 * sizeof(double));
    all->count += count;
    return 1;
}

/* Polyhedra of all atoms; their corners too where `counts` is not null. */
static int all_polyhedra(const long long *begin, Py_ssize_t atoms, Py_ssize_t most,
                         const double *vectors, double *areas, double *radius, long long *counts,
                         Corners *all)
{
    Plane *planes = malloc((size_t)most * sizeof(Plane));
    Plane *used = malloc(MOST_PLANES * sizeof(Plane));
    double *corners = malloc(3 * MOST_PLANES * MOST_PLANES * sizeof(double));
    int enough = planes != NULL && used != NULL && corners != NULL;
    for (Py_ssize_t i = 0; enough && i < atoms; i++) {
        Py_ssize_t corner_count;
        radius[i] = faces_of_atom(vectors + 3 * begin[i], (Py_ssize_t)(begin[i + 1] - begin[i]),
                                  planes, used, corners, &corner_count, areas + begin[i]);
        if (counts != NULL) {
            counts[i] = corner_count;
            enough = keep_corners(all, corners, corner_count);
        }
    }
    free(planes);
    free(used);
    free(corners);
    return enough;
}

static PyObject *faces(PyObject *self, PyObject *arguments)
{
    Py_buffer first, vectors, areas, radius;
    int wanted = 0;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "y*y*w*w*|p", &first, &vectors, &areas, &radius, &wanted))
        return NULL;
    const long long *begin = first.buf;
    Py_ssize_t atoms = first.len / (Py_ssize_t)sizeof(long long) - 1, most = 1;
    int fits = atoms >= 0 && radius.len == atoms * (Py_ssize_t)sizeof(double) && begin[0] == 0 &&
               areas.len == begin[atoms] * (Py_ssize_t)sizeof(double) &&
               vectors.len == 3 * areas.len;
    for (Py_ssize_t i = 0; fits && i < atoms; i++) {
        fits = begin[i + 1] >= begin[i];
        if (begin[i + 1] - begin[i] > most)
            most = (Py_ssize_t)(begin[i + 1] - begin[i]);
    }
    PyObject *counts = NULL, *result = NULL;
    Corners all = {0};
    if (!fits)
        PyErr_SetString(PyExc_ValueError, "arrays of Voronoi planes do not fit each other");
    else
        counts = PyByteArray_FromStringAndSize(NULL, atoms * (Py_ssize_t)sizeof(long long));
    if (counts != NULL) {
        long long *numbers = wanted ? (long long *)(void *)PyByteArray_AsString(counts) : NULL;
        int enough;
        Py_BEGIN_ALLOW_THREADS
        enough = all_polyhedra(begin, atoms, most, vectors.buf, areas.buf, radius.buf, numbers,
                               &all);
        Py_END_ALLOW_THREADS
        if (!enough)
            PyErr_NoMemory();
        else if (!wanted)
            result = Py_NewRef(Py_None);
        else
            result = Py_BuildValue("(ON)", counts,
                                   PyByteArray_FromStringAndSize(
                                       (const char *)all.points,
                                       all.count * 3 * (Py_ssize_t)sizeof(double)));
    }
    Py_XDECREF(counts);
    free(all.points);
    PyBuffer_Release(&first);
    PyBuffer_Release(&vectors);
    PyBuffer_Release(&areas);
    PyBuffer_Release(&radius);
    return result;
}

static PyMethodDef methods[] = {
    {"faces", faces, METH_VARARGS,
     "faces(first, vectors, areas, radius, corners=False): fill in the areas of all faces, and the\n"
     "distance of the farthest corner of each atom. Contiguous arrays: (A + 1,) int64 first\n"
     "neighbour of each atom, (E, 3) float64 vectors to the neighbours, (E,) and (A,) float64 to\n"
     "be filled. Returns None, or with corners bytearrays of their number, (A,) int64, and of the\n"
     "corners, (V, 3) float64 relative to their atoms, each several times."},
    {NULL, NULL, 0, NULL}};

/* All that calls share they lock, or own: the interpreter need not lock for them. */
static PyModuleDef_Slot slots[] = {
#if defined(Py_GIL_DISABLED)
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL}};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, .m_name = "_polyhedra",
                                    .m_methods = methods, .m_slots = slots};

PyMODINIT_FUNC PyInit__polyhedra(void)
{
    return PyModuleDef_Init(&module);
}
