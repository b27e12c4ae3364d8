/* The nearest neighbours of each atom in whole shells, in many crystals, on several threads.

   A crystal is searched within a radius, and again within a larger one until each of its atoms
   sees beyond its shell. Large crystals are searched once: where few atoms are far from the
   others, each of those is better looked at alone, which Python sees to. Threads share the
   crystals, so their number changes no bit. */

#include "_geometry.h"
#include "_threads.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CRYSTALS_OF_A_PART = 8, SMALL = 64, MOST_SEARCHES = 8 };

static const double WIDER = 1.25;

typedef struct {
    const ShellSearch *search;
    Shells *found;
    int64_t next; /* crystal, shared by the threads */
    int status;
    pthread_mutex_t lock;
} Work;

/* Squared distances of an atom's neighbours, and the order in which they are met. */
typedef struct {
    int64_t room;
    double *squared;
    int64_t *order;
} Near;

static int make_room(Near *near, int64_t count)
{
    if (count <= near->room)
        return FOUND;
    free(near->squared);
    free(near->order);
    near->room = 2 * count;
    near->squared = malloc((size_t)near->room * sizeof(double));
    near->order = malloc((size_t)near->room * sizeof(int64_t));
    return near->squared && near->order ? FOUND : NO_MEMORY;
}

/* Nearest first; those of the same distance stay in their order. */
static void sort(const Near *near, int64_t count)
{
    for (int64_t k = 0; k < count; k++) {
        int64_t at = k;
        for (; at > 0 && near->squared[near->order[at - 1]] > near->squared[k]; at--)
            near->order[at] = near->order[at - 1];
        near->order[at] = k;
    }
}

/* Adds the shell of an atom with `count` neighbours from the `first` on. UNUSUAL if it may go on
   beyond the radius. */
static int add_shell(const ShellSearch *search, const List *list, int64_t first, int64_t count,
                     double radius, Near *near, Shell *shell, int64_t *kept)
{
    if (count < search->least)
        return UNUSUAL;
    if (make_room(near, count) != FOUND)
        return NO_MEMORY;
    for (int64_t k = 0; k < count; k++) {
        const double *v = list->vector + 3 * (first + k);
        near->squared[k] = v[0] * v[0] + v[1] * v[1] + v[2] * v[2];
    }
    sort(near, count);
    const double limit = sqrt(near->squared[near->order[search->least - 1]]) + search->tolerance;
    if (limit >= radius)
        return UNUSUAL;
    int64_t n = 0;
    for (; n < count && sqrt(near->squared[near->order[n]]) <= limit; n++) {
        const int64_t from = first + near->order[n], to = shell->count + n;
        shell->target[to] = list->neighbor[from];
        memcpy(shell->image + 3 * to, list->image + 3 * from, 3 * sizeof(int64_t));
    }
    shell->count += n;
    *kept = n;
    return FOUND;
}

/* Shells of all atoms by one search within a radius. */
static int shells_within(const ShellSearch *search, int64_t crystal, double radius, Near *near,
                         Shell *shell, int64_t *counts)
{
    const int64_t begin = search->first[crystal], atoms = search->first[crystal + 1] - begin;
    const int64_t first[2] = {0, atoms};
    const Search one = {1,      search->cells + 9 * crystal, search->positions + 3 * begin,
                        first, radius, 0, 1, 1};
    Lists found = {0};
    int status = search_neighbors(&one, &found);
    if (status == FOUND) {
        const List *list = found.lists;
        int64_t done = 0;
        shell->count = 0;
        shell->target = malloc((size_t)(list->count + 1) * sizeof(int64_t));
        shell->image = malloc((size_t)(list->count + 1) * 3 * sizeof(int64_t));
        status = shell->target && shell->image ? FOUND : NO_MEMORY;
        for (int64_t i = 0; i < atoms && status == FOUND; done += found.counts[i++])
            status = add_shell(search, list, done, found.counts[i], radius, near, shell,
                               counts + i);
    }
    forget(&found);
    if (status != FOUND)
        forget_shell(shell);
    return status;
}

static int shells_of(const ShellSearch *search, int64_t crystal, Near *near, Shells *found)
{
    const int64_t begin = search->first[crystal], atoms = search->first[crystal + 1] - begin;
    double radius = search->radii[crystal];
    int status = UNUSUAL;
    for (int k = atoms > SMALL ? MOST_SEARCHES - 1 : 0; k < MOST_SEARCHES && status == UNUSUAL; k++) {
        status = shells_within(search, crystal, radius, near, &found->shells[crystal],
                               found->counts + begin);
        radius *= WIDER;
    }
    if (status == UNUSUAL)
        memset(found->counts + begin, 0, (size_t)atoms * sizeof(int64_t));
    return status;
}

static void *worker(void *argument)
{
    Work *work = argument;
    const int64_t crystals = work->search->crystals;
    Near near = {0};
    for (int go_on = 1; go_on;) {
        pthread_mutex_lock(&work->lock);
        int64_t crystal = work->next;
        const int64_t end = crystal + CRYSTALS_OF_A_PART < crystals ? crystal + CRYSTALS_OF_A_PART
                                                                    : crystals;
        work->next = end;
        pthread_mutex_unlock(&work->lock);
        go_on = crystal < end;
        for (; crystal < end && go_on; crystal++) {
            const int status = shells_of(work->search, crystal, &near, work->found);
            if (status == FOUND || status == UNUSUAL)
                continue;
            pthread_mutex_lock(&work->lock);
            work->status = status;
            work->next = crystals;
            pthread_mutex_unlock(&work->lock);
            go_on = 0;
        }
    }
    free(near.squared);
    free(near.order);
    return NULL;
}

int search_shells(const ShellSearch *search, Shells *found)
{
    int64_t threads = search->crystals / CRYSTALS_OF_A_PART + 1;
    Work work = {.search = search, .found = found, .status = FOUND};
    found->crystals = search->crystals;
    found->counts = calloc((size_t)search->first[search->crystals] + 1, sizeof(int64_t));
    found->shells = calloc((size_t)search->crystals + 1, sizeof(Shell));
    if (!found->counts || !found->shells)
        return NO_MEMORY;
    threads = threads < search->threads ? threads : search->threads;
    run_in_threads(threads, worker, &work, &work.lock);
    return work.status;
}

void forget_shell(Shell *shell)
{
    free(shell->target);
    free(shell->image);
    *shell = (Shell){0};
}

void forget_shells(Shells *found)
{
    for (int64_t k = 0; found->shells && k < found->crystals; k++)
        forget_shell(&found->shells[k]);
    free(found->shells);
    free(found->counts);
}
