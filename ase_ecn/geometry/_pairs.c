/* All neighbours within a cutoff in many crystals, on several threads.

   Each lattice is reduced and its atoms are wrapped into the cell, so only few images are near,
   whatever the cell. In small crystals each pair of atoms goes through the images that three
   slabs of the lattice leave. In others the cell is cut into bins at least as thick as the cutoff
   (or as the cell, if that is thinner), and an atom looks through the bins around it; a hash table
   has those that are not empty, so vacuum costs nothing.

   Every operation on a vector is odd, so a bond and its reverse have vectors that are opposite to
   the last bit, and both are found or none. Neighbours are ordered by atom and image. Parts of the
   atoms are the work of one thread each and are put together in order, so the number of threads
   changes no bit. */

#include "_lattice.h"
#include "_threads.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ATOMS_OF_A_PART = 64, CRYSTALS_OF_A_PART = 16 };
enum { BRIEF = 96 }; /* keys that are sorted by insertion */

typedef struct {
    const Search *search;
    Lattice *lattices; /* [crystals] */
    Atoms atoms;
    int64_t *ends; /* [parts + 1] atoms */
    Lists *found;
    int (*run)(void *work, int64_t part);
    int64_t parts, next;
    int status;
    pthread_mutex_t lock;
} Work;

/* ---- Threads. */

static void *worker(void *argument)
{
    Work *work = argument;
    for (;;) {
        pthread_mutex_lock(&work->lock);
        const int64_t part = work->status == FOUND ? work->next++ : work->parts;
        pthread_mutex_unlock(&work->lock);
        if (part >= work->parts)
            return NULL;
        const int status = work->run(work, part);
        if (status != FOUND) {
            pthread_mutex_lock(&work->lock);
            work->status = status;
            pthread_mutex_unlock(&work->lock);
        }
    }
}

static int in_threads(Work *work, int (*run)(void *, int64_t), int64_t parts)
{
    int64_t threads = work->search->threads;
    work->run = run;
    work->parts = parts;
    work->next = 0;
    threads = threads < parts ? threads : parts;
    run_in_threads(threads, worker, work, &work->lock);
    return work->status;
}

static int prepare(void *argument, int64_t part)
{
    Work *work = argument;
    const int64_t end = (part + 1) * CRYSTALS_OF_A_PART, crystals = work->search->crystals;
    int status = FOUND;
    for (int64_t k = part * CRYSTALS_OF_A_PART; k < end && k < crystals && status == FOUND; k++)
        status = prepare_lattice(work->search, k, &work->lattices[k], &work->atoms);
    return status;
}

/* ---- Neighbours. */

static int make_room(List *list, int images)
{
    const int64_t room = list->room ? 2 * list->room : 4096;
    void *neighbor = realloc(list->neighbor, (size_t)room * sizeof(int32_t));
    if (neighbor)
        list->neighbor = neighbor;
    void *vector = realloc(list->vector, (size_t)room * 3 * sizeof(double));
    if (vector)
        list->vector = vector;
    void *image = images ? realloc(list->image, (size_t)room * 3 * sizeof(int64_t)) : NULL;
    if (image)
        list->image = image;
    if (!neighbor || !vector || (images && !image))
        return NO_MEMORY;
    list->room = room;
    return FOUND;
}

/* Adds a neighbour, its image in units of the given cell, between the atoms where they were. */
static int add(const Work *work, const Lattice *lattice, List *list, int64_t source,
               int64_t target, const int64_t *image, const double *vector)
{
    if (list->count == list->room && make_room(list, work->search->images) != FOUND)
        return NO_MEMORY;
    const int64_t k = list->count++;
    list->neighbor[k] = (int32_t)target;
    memcpy(list->vector + 3 * k, vector, 3 * sizeof(double));
    if (!work->search->images)
        return FOUND;
    const int64_t *from = work->atoms.offset + 3 * source, *to = work->atoms.offset + 3 * target;
    const int64_t *t = lattice->transform;
    int64_t n[3];
    for (int a = 0; a < 3; a++)
        n[a] = image[a] - to[a] + from[a];
    for (int x = 0; x < 3; x++)
        list->image[3 * k + x] = n[0] * t[x] + n[1] * t[3 + x] + n[2] * t[6 + x];
    return FOUND;
}

/* All images of one atom near another: between two planes along each axis, then in the sphere. */
static int pair_by_images(const Work *work, const Lattice *lattice, List *list, int64_t source,
                          int64_t target)
{
    const double *cell = lattice->cell, *fraction = work->atoms.fraction;
    const double limit = work->search->cutoff * work->search->cutoff;
    int64_t low[3], high[3], n[3];
    double step[3], a[3], b[3], v[3];
    for (int x = 0; x < 3; x++) {
        const double f = fraction[3 * target + x] - fraction[3 * source + x];
        low[x] = (int64_t)ceil(-lattice->reach[x] - f);
        high[x] = (int64_t)floor(lattice->reach[x] - f);
        step[x] = work->atoms.wrapped[3 * target + x] - work->atoms.wrapped[3 * source + x];
    }
    for (n[0] = low[0]; n[0] <= high[0]; n[0]++) {
        for (int x = 0; x < 3; x++)
            a[x] = step[x] + (double)n[0] * cell[x];
        for (n[1] = low[1]; n[1] <= high[1]; n[1]++) {
            for (int x = 0; x < 3; x++)
                b[x] = a[x] + (double)n[1] * cell[3 + x];
            for (n[2] = low[2]; n[2] <= high[2]; n[2]++) {
                for (int x = 0; x < 3; x++)
                    v[x] = b[x] + (double)n[2] * cell[6 + x];
                if (dot(v, v) >= limit
                    || (source == target && n[0] == 0 && n[1] == 0 && n[2] == 0))
                    continue;
                if (add(work, lattice, list, source, target, n, v) != FOUND)
                    return NO_MEMORY;
            }
        }
    }
    return FOUND;
}

/* Neighbours of one atom in the order in which they were met. */
typedef struct {
    int64_t count, room;
    uint64_t *key; /* target and place in `hit` */
    struct Hit {
        int64_t image[3];
        double vector[3];
    } *hit;
} Hits;

static int note(Hits *hits, int64_t target, const int64_t *image, const double *vector)
{
    if (hits->count == hits->room) {
        const int64_t room = hits->room ? 2 * hits->room : 256;
        void *key = realloc(hits->key, (size_t)room * sizeof(uint64_t));
        if (key)
            hits->key = key;
        void *hit = realloc(hits->hit, (size_t)room * sizeof *hits->hit);
        if (hit)
            hits->hit = hit;
        if (!key || !hit)
            return NO_MEMORY;
        hits->room = room;
    }
    hits->key[hits->count] = (uint64_t)target << 32 | (uint64_t)hits->count;
    struct Hit *hit = &hits->hit[hits->count++];
    memcpy(hit->image, image, sizeof hit->image);
    memcpy(hit->vector, vector, sizeof hit->vector);
    return FOUND;
}

static int by_key(const void *left, const void *right)
{
    const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

static void sort_keys(uint64_t *key, int64_t count)
{
    if (count > BRIEF) {
        qsort(key, (size_t)count, sizeof *key, by_key);
        return;
    }
    for (int64_t i = 1; i < count; i++) {
        const uint64_t k = key[i];
        int64_t j = i;
        for (; j > 0 && key[j - 1] > k; j--)
            key[j] = key[j - 1];
        key[j] = k;
    }
}

static int64_t cell_of_bin(int64_t bin, int64_t bins)
{
    return bin >= 0 ? bin / bins : -((bins - 1 - bin) / bins);
}

/* What one bin, in the cell of an image, has near an atom. */
static int look_into(const Work *work, const Bin *bin, int64_t first, int64_t source,
                     const int64_t *image, const double *shift, Hits *hits)
{
    const double limit = work->search->cutoff * work->search->cutoff;
    const double *from = work->atoms.wrapped + 3 * source;
    const double *to = work->atoms.ordered + 3 * (first + bin->first);
    const int home = image[0] == 0 && image[1] == 0 && image[2] == 0;
    for (int64_t k = 0; k < bin->count; k++, to += 3) {
        const double v[3] = {to[0] - from[0] + shift[0], to[1] - from[1] + shift[1],
                             to[2] - from[2] + shift[2]};
        if (dot(v, v) >= limit)
            continue;
        const int64_t target = first + work->atoms.order[first + bin->first + k];
        if (home && target == source)
            continue;
        if (note(hits, target, image, v) != FOUND)
            return NO_MEMORY;
    }
    return FOUND;
}

static int atom_by_bins(const Work *work, const Lattice *lattice, List *list, int64_t first,
                        int64_t source, Hits *hits)
{
    const double *cell = lattice->cell;
    int64_t low[3], high[3], b[3], image[3];
    for (int a = 0; a < 3; a++) {
        const double f = work->atoms.fraction[3 * source + a], n = (double)lattice->bins[a];
        low[a] = (int64_t)floor((f - lattice->reach[a]) * n);
        high[a] = (int64_t)floor((f + lattice->reach[a]) * n);
    }
    hits->count = 0;
    for (b[0] = low[0]; b[0] <= high[0]; b[0]++)
        for (b[1] = low[1]; b[1] <= high[1]; b[1]++)
            for (b[2] = low[2]; b[2] <= high[2]; b[2]++) {
                int64_t key = 0;
                double shift[3];
                for (int a = 0; a < 3; a++) {
                    image[a] = cell_of_bin(b[a], lattice->bins[a]);
                    key = key * lattice->bins[a] + b[a] - image[a] * lattice->bins[a];
                }
                const Bin *bin = bin_of(lattice, key);
                if (bin->count == 0)
                    continue;
                for (int x = 0; x < 3; x++)
                    shift[x] = (double)image[0] * cell[x] + (double)image[1] * cell[3 + x]
                               + (double)image[2] * cell[6 + x];
                if (look_into(work, bin, first, source, image, shift, hits) != FOUND)
                    return NO_MEMORY;
            }
    /* Images of one target were met in order. */
    sort_keys(hits->key, hits->count);
    for (int64_t k = 0; k < hits->count; k++) {
        const struct Hit *hit = &hits->hit[hits->key[k] & 0xFFFFFFFFu];
        const int64_t target = (int64_t)(hits->key[k] >> 32);
        if (add(work, lattice, list, source, target, hit->image, hit->vector) != FOUND)
            return NO_MEMORY;
    }
    return FOUND;
}

static int64_t crystal_of(const Search *c, int64_t atom)
{
    int64_t low = 0, high = c->crystals - 1;
    while (low < high) {
        const int64_t middle = (low + high + 1) / 2;
        if (c->first[middle] <= atom)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

static int look_around(void *argument, int64_t part)
{
    Work *work = argument;
    const Search *c = work->search;
    List *list = &work->found->lists[part];
    Hits hits = {0};
    int status = FOUND;
    int64_t crystal = crystal_of(c, work->ends[part]);
    for (int64_t i = work->ends[part]; i < work->ends[part + 1] && status == FOUND; i++) {
        while (c->first[crystal + 1] <= i)
            crystal++;
        const Lattice *lattice = &work->lattices[crystal];
        const int64_t before = list->count, first = c->first[crystal];
        if (lattice->slots)
            status = atom_by_bins(work, lattice, list, first, i, &hits);
        else
            for (int64_t j = first; j < c->first[crystal + 1] && status == FOUND; j++)
                status = pair_by_images(work, lattice, list, i, j);
        work->found->counts[i] = list->count - before;
    }
    free(hits.key);
    free(hits.hit);
    return status;
}

int search_neighbors(const Search *search, Lists *found)
{
    const int64_t atoms = search->first[search->crystals];
    const int64_t parts = search->threads > 1 ? atoms / ATOMS_OF_A_PART + 1 : 1;
    const size_t numbers = (size_t)(3 * atoms + 1), count = (size_t)search->crystals + 1;
    Work work = {.search = search, .found = found, .status = FOUND};
    double *reals = malloc(3 * numbers * sizeof(double));
    int64_t *integers = malloc((2 * numbers + (size_t)parts + 1) * sizeof(int64_t));
    work.lattices = calloc(count, sizeof(Lattice));
    found->counts = calloc((size_t)atoms + 1, sizeof(int64_t));
    found->lists = calloc((size_t)parts, sizeof(List));
    found->parts = found->lists ? parts : 0;
    int status = NO_MEMORY;
    if (reals && integers && work.lattices && found->counts && found->lists) {
        work.atoms.wrapped = reals;
        work.atoms.fraction = reals + numbers;
        work.atoms.ordered = reals + 2 * numbers;
        work.atoms.offset = integers;
        work.atoms.order = integers + numbers;
        work.ends = integers + 2 * numbers;
        for (int64_t p = 0; p <= parts; p++)
            work.ends[p] = atoms * p / parts;
        status = in_threads(&work, prepare, search->crystals / CRYSTALS_OF_A_PART + 1);
        if (status == FOUND && atoms > 0)
            status = in_threads(&work, look_around, parts);
    }
    for (int64_t k = 0; work.lattices && k < search->crystals; k++)
        free(work.lattices[k].table);
    free(work.lattices);
    free(reals);
    free(integers);
    return status;
}

void forget(Lists *found)
{
    for (int64_t p = 0; p < found->parts; p++) {
        free(found->lists[p].neighbor);
        free(found->lists[p].vector);
        free(found->lists[p].image);
    }
    free(found->lists);
    free(found->counts);
}
