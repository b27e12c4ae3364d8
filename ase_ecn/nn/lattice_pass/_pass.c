/* All layers of an EMPNN on a batch of crystals: what nn/empnn.py says, without PyTorch.

   Crystals do not see each other, so a few of them at a time go through all layers, while what
   belongs to them stays in the cache; threads share these parts. The work on an atom, a bond or a
   crystal is the same in any part, so neither the number of threads nor the other crystals of the
   batch change a bit. There is one build for each set of instructions, as of ../so3/_convolution.c,
   whose products these are. compiled_empnn.py calls it through ctypes, which gives up the
   interpreter's lock. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "../../geometry/_threads.h"
#include "../so3/_instructions.h"
#include "_empnn.h"

#define DECLARE(precision, target) extern const RunPass pass_##precision##_##target;
DECLARE(f32, plain)
DECLARE(f64, plain)
#if defined(__x86_64__)
DECLARE(f32, avx2)
DECLARE(f64, avx2)
DECLARE(f32, avx512)
#endif

enum { ATOMS_OF_A_PART = 64 }; /* of whose arrays the second cache holds most */

typedef struct {
    const Network *network;
    const Graphs *graphs;
    RunPass run;
    int64_t next; /* crystal, shared by the threads */
    int status;
    pthread_mutex_t lock;
} Work;

/* The crystal after the part that begins with this one. */
static int64_t end_of_part(const Graphs *graphs, int64_t crystal)
{
    const int64_t until = graphs->first[crystal] + ATOMS_OF_A_PART;
    do
        crystal++;
    while (crystal < graphs->crystals && graphs->first[crystal + 1] <= until);
    return crystal;
}

static void *worker(void *argument)
{
    Work *work = argument;
    for (;;) {
        pthread_mutex_lock(&work->lock);
        const int64_t first = work->next, crystals = work->graphs->crystals;
        const int64_t last = first < crystals ? end_of_part(work->graphs, first) : first;
        work->next = last;
        pthread_mutex_unlock(&work->lock);
        if (first == last)
            return NULL;
        if (work->run(work->network, work->graphs, first, last)) {
            pthread_mutex_lock(&work->lock);
            work->status = -1;
            work->next = crystals;
            pthread_mutex_unlock(&work->lock);
        }
    }
}

/* Returns 0, or -1 without memory. */
EXPORT int empnn_pass(const Network *network, const Graphs *graphs, int doubles, int instructions,
                      int64_t threads)
{
    Work work = {.network = network, .graphs = graphs};
    work.run = CHOOSE(pass, doubles, instructions);
    const int64_t atoms = graphs->first[graphs->crystals], parts = atoms / ATOMS_OF_A_PART + 1;
    threads = threads < parts ? threads : parts;
    threads = threads < graphs->crystals ? threads : graphs->crystals;
    run_in_threads(threads, worker, &work, &work.lock);
    return work.status;
}

/* The module is empty, so that an import finds the file that ctypes opens. */
static PyModuleDef_Slot slots[] = {
#if defined(Py_GIL_DISABLED)
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL}};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, .m_name = "_pass", .m_slots = slots};

PyMODINIT_FUNC PyInit__pass(void) { return PyModuleDef_Init(&module); }
