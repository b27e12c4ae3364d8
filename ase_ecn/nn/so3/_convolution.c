/* SO(3)-equivariant convolution: a loop over the bonds of an atom that stores nothing of a bond.

   For each bond the small matrices M[i][k] = sum_j C_ijk Y_j are made from its harmonics, the
   radial weights w[u] from four rows of a table, and w[u] sum_i x[i][u] M[i][k] is added to the
   atom's sum, which stays in the cache. Channels u are innermost in every array, and a coupling's
   constants stand in the code (_paths.h). The gradients are loops of the same form.

   There is one build for each set of instructions; which one runs is decided when the first call
   is made. Threads share the atoms. Each atom's result is the work of one thread, and gradients of
   the table are summed in parts that depend on the number of atoms alone, so the number of threads
   changes no bit. library.py calls these functions through ctypes, which gives
   up the interpreter's lock. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdlib.h>

#include "../../geometry/_threads.h"
#include "_instructions.h"
#include "_layer.h"

#define DECLARE(precision, target) \
    extern const RunRange convolution_##precision##_##target; \
    extern const RunGeometry geometry_##precision##_##target; \
    extern const RunActivation activation_##precision##_##target; \
    extern const RunProduct product_##precision##_##target; \
    extern const RunScaling scaling_##precision##_##target;
DECLARE(f32, plain)
DECLARE(f64, plain)
#if defined(__x86_64__)
DECLARE(f32, avx2)
DECLARE(f64, avx2)
DECLARE(f32, avx512)
#endif

enum { MAX_PARTS = 8, PARTS_OF_A_THREAD = 8 };
enum { MOST = MAX_THREADS * PARTS_OF_A_THREAD };
enum { ATOMS_OF_A_PART = 128, ATOMS_OF_SUMS = 16 }; /* with a gradient of all atoms, and without */
enum { ROWS_OF_A_PART = 256, BONDS_OF_A_PART = 2048 };

/* The best set of instructions here, at most `limit`. */
EXPORT int so3_instructions(int limit) { return best_instructions(limit); }

typedef struct {
    const Layer *layer;
    const Geometry *geometry;
    const Activation *activation;
    const Product *product;
    const Scaling *scaling;
    RunRange run;
    RunGeometry run_geometry;
    RunActivation run_activation;
    RunProduct run_product;
    RunScaling run_scaling;
    const int64_t *ends; /* [parts + 1] atoms, bonds or rows */
    int64_t parts, size; /* bytes of the table */
    char *gradients;     /* [parts][size], or null */
    int64_t next;        /* shared by the threads */
    pthread_mutex_t lock;
} Work;

static void *worker(void *argument)
{
    Work *work = argument;
    for (;;) {
        pthread_mutex_lock(&work->lock);
        const int64_t part = work->next++;
        pthread_mutex_unlock(&work->lock);
        if (part >= work->parts)
            return NULL;
        const int64_t first = work->ends[part], last = work->ends[part + 1];
        void *own = work->gradients ? work->gradients + part * work->size : NULL;
        if (work->geometry)
            work->run_geometry(work->geometry, first, last);
        else if (work->product)
            work->run_product(work->product, first, last);
        else if (work->scaling)
            work->run_scaling(work->scaling, first, last);
        else if (work->activation)
            work->run_activation(work->activation, first, last, own);
        else
            work->run(work->layer, first, last, own);
    }
}

static void in_threads(Work *work, int64_t threads)
{
    threads = threads < work->parts ? threads : work->parts;
    run_in_threads(threads, worker, work, &work->lock);
}

/* Ends of parts with about the same number of bonds. */
static void split(const int64_t *row, int64_t atoms, int64_t parts, int64_t *ends)
{
    int64_t q = 0;
    for (int64_t p = 0; p < parts; p++) {
        ends[p] = q;
        const int64_t until = row[atoms] * (p + 1) / parts;
        while (q < atoms && row[q] < until)
            q++;
    }
    ends[parts] = atoms;
}

/* Work with a gradient of `count` numbers that all atoms add to: each part has one of its own, and
   they are summed in order. Returns 0, or -1 without memory. */
static int with_gradient(Work *work, int64_t count, int doubles, int64_t threads, void *gradient)
{
    const size_t real = doubles ? sizeof(double) : sizeof(float);
    work->size = count * (int64_t)real;
    work->gradients = calloc((size_t)work->parts, (size_t)work->size);
    if (!work->gradients)
        return -1;
    in_threads(work, threads);
    memset(gradient, 0, (size_t)work->size);
    for (int64_t p = 0; p < work->parts; p++) {
        const char *part = work->gradients + p * work->size;
        for (int64_t k = 0; k < count; k++)
            if (doubles)
                ((double *)gradient)[k] += ((const double *)part)[k];
            else
                ((float *)gradient)[k] += ((const float *)part)[k];
    }
    free(work->gradients);
    return 0;
}

/* Parts of about the same number of atoms, bonds or rows. */
static void split_evenly(Work *work, int64_t count, int64_t *ends)
{
    for (int64_t p = 0; p <= work->parts; p++)
        ends[p] = count * p / work->parts;
    work->ends = ends;
}

/* At most `parts`, of which each thread has several, so that none waits long for the last. */
static int64_t several(int64_t parts, int64_t threads)
{
    if (threads <= 1)
        return 1;
    threads = threads < MAX_THREADS ? threads : MAX_THREADS;
    return parts < PARTS_OF_A_THREAD * threads ? parts : PARTS_OF_A_THREAD * threads;
}

static int64_t parts_of(int64_t atoms, int has_gradient, int64_t threads, int64_t smallest)
{
    const int64_t parts = atoms / (has_gradient ? ATOMS_OF_A_PART : smallest) + 1;
    if (has_gradient)
        return parts < MAX_PARTS ? parts : MAX_PARTS;
    return several(parts, threads);
}

/* Returns 0, or -1 without memory. */
EXPORT int so3_convolution(const Layer *layer, int doubles, int instructions, int64_t threads)
{
    int64_t ends[MOST + 1];
    Work work = {.layer = layer, .ends = ends};
    work.run = CHOOSE(convolution, doubles, instructions);
    const int of_table = layer->task == PARAMETERS || layer->task == DUAL_PARAMETERS;
    work.parts = parts_of(layer->atoms, of_table, threads, ATOMS_OF_SUMS);
    split(layer->row, layer->atoms, work.parts, ends);
    if (of_table)
        return with_gradient(&work, layer->rows * layer->width, doubles, threads, layer->gtable);
    in_threads(&work, threads);
    return 0;
}

/* Returns 0, or -1 without memory. */
EXPORT int so3_activation(const Activation *activation, int doubles, int instructions,
                          int64_t threads)
{
    int64_t ends[MOST + 1], count = 0;
    Work work = {.activation = activation};
    work.run_activation = CHOOSE(activation, doubles, instructions);
    const int of_gamma = activation->task == PARAMETERS || activation->task == DUAL_PARAMETERS;
    work.parts = parts_of(activation->atoms, of_gamma, threads, ATOMS_OF_A_PART);
    split_evenly(&work, activation->atoms, ends);
    for (int64_t l = 0; l < activation->degrees; l++)
        count += activation->sizes[l];
    if (of_gamma)
        return with_gradient(&work, count, doubles, threads, activation->agamma);
    in_threads(&work, threads);
    return 0;
}

/* Returns 0. */
EXPORT int so3_products(const Product *products, int64_t count, int doubles, int instructions,
                 int64_t threads)
{
    for (int64_t k = 0; k < count; k++) {
        int64_t ends[MOST + 1];
        Work work = {.product = products + k};
        work.run_product = CHOOSE(product, doubles, instructions);
        work.parts = several(products[k].rows / ROWS_OF_A_PART + 1, threads);
        split_evenly(&work, products[k].rows, ends);
        in_threads(&work, threads);
    }
    return 0;
}

EXPORT int so3_geometry(const Geometry *geometry, int doubles, int instructions, int64_t threads)
{
    int64_t ends[MOST + 1];
    Work work = {.geometry = geometry};
    work.run_geometry = CHOOSE(geometry, doubles, instructions);
    work.parts = several(geometry->bonds / BONDS_OF_A_PART + 1, threads);
    split_evenly(&work, geometry->bonds, ends);
    in_threads(&work, threads);
    return 0;
}

/* Returns 0. */
EXPORT int so3_scaling(const Scaling *scaling, int doubles, int instructions, int64_t threads)
{
    int64_t ends[MOST + 1];
    Work work = {.scaling = scaling};
    work.run_scaling = CHOOSE(scaling, doubles, instructions);
    work.parts = several(scaling->atoms / ATOMS_OF_A_PART + 1, threads);
    split_evenly(&work, scaling->atoms, ends);
    in_threads(&work, threads);
    return 0;
}

static void add(const Sum *sum, int doubles)
{
    for (int64_t k = 0; k < sum->count; k++)
        if (doubles)
            ((double *)sum->to)[k] += ((const double *)sum->from)[k];
        else
            ((float *)sum->to)[k] += ((const float *)sum->from)[k];
}

/* Calls one after the other, none of which needs memory. Returns 0. */
EXPORT int so3_sequence(const Step *steps, int64_t count, int doubles, int instructions,
                        int64_t threads)
{
    for (int64_t k = 0; k < count; k++) {
        const void *call = steps[k].call;
        switch (steps[k].kind) {
        case GEOMETRY:
            so3_geometry(call, doubles, instructions, threads);
            break;
        case CONVOLUTION:
            so3_convolution(call, doubles, instructions, threads);
            break;
        case PRODUCT:
            so3_products(call, 1, doubles, instructions, threads);
            break;
        case ACTIVATION:
            so3_activation(call, doubles, instructions, threads);
            break;
        case SCALING:
            so3_scaling(call, doubles, instructions, threads);
            break;
        default:
            add(call, doubles);
        }
    }
    return 0;
}

/* Forces on the atoms and virials of the crystals, from the bonds' pulls, summed in double
   precision: [atoms][3] and [crystals][9], which are zero before. */
EXPORT int so3_forces(const int64_t *row, int64_t atoms, const int32_t *neighbor,
                      const int64_t *crystal, const double *vector, const void *pull, int doubles,
                      double *forces, double *virials)
{
    for (int64_t q = 0; q < atoms; q++) {
        double *virial = virials + 9 * crystal[q];
        for (int64_t e = row[q]; e < row[q + 1]; e++) {
            for (int a = 0; a < 3; a++) {
                const double g = doubles ? ((const double *)pull)[3 * e + a]
                                         : ((const float *)pull)[3 * e + a];
                forces[3 * q + a] += g;
                forces[3 * neighbor[e] + a] -= g;
                for (int b = 0; b < 3; b++)
                    virial[3 * a + b] += g * vector[3 * e + b];
            }
        }
    }
    return 0;
}

/* The module is empty, so that an import finds the file that ctypes opens. */
static PyModuleDef_Slot slots[] = {
#if defined(Py_GIL_DISABLED)
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL}};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, .m_name = "_convolution",
                                    .m_slots = slots};

PyMODINIT_FUNC PyInit__convolution(void)
{
    return PyModuleDef_Init(&module);
}
