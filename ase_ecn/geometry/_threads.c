/* Threads that wait for work.

   They are kept from call to call: a network's pass has dozens of calls of a millisecond or less,
   and a new thread often begins on the processor of the thread that made it, which is busy. Idle
   ones sleep. A child of a fork begins without them and makes its own. */

#include "_threads.h"

#include <stddef.h>

#if defined(_WIN32)

typedef CONDITION_VARIABLE pthread_cond_t;

#define PTHREAD_MUTEX_INITIALIZER SRWLOCK_INIT
#define PTHREAD_COND_INITIALIZER CONDITION_VARIABLE_INIT

static void pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *lock)
{
    SleepConditionVariableSRW(condition, lock, INFINITE, 0);
}

static void pthread_cond_broadcast(pthread_cond_t *condition)
{
    WakeAllConditionVariable(condition);
}

#else

#include <signal.h>

#endif

typedef struct Job {
    void *(*worker)(void *);
    void *work;
    int64_t open;    /* threads that may still come */
    int64_t at_work; /* threads that came and are not done */
    struct Job *next;
} Job;

static pthread_mutex_t pool = PTHREAD_MUTEX_INITIALIZER; /* for all below */
static pthread_cond_t come = PTHREAD_COND_INITIALIZER, done = PTHREAD_COND_INITIALIZER;
static Job *jobs;
static int64_t members;

static Job *open_job(void)
{
    Job *job = jobs;
    while (job && !job->open)
        job = job->next;
    return job;
}

static void take_part(void)
{
    pthread_mutex_lock(&pool);
    for (;;) {
        Job *job = open_job();
        if (!job) {
            pthread_cond_wait(&come, &pool);
            continue;
        }
        job->open--;
        job->at_work++;
        pthread_mutex_unlock(&pool);
        job->worker(job->work);
        pthread_mutex_lock(&pool);
        if (!--job->at_work)
            pthread_cond_broadcast(&done);
    }
}

#if defined(_WIN32)

static DWORD WINAPI member(void *unused)
{
    (void)unused;
    take_part();
    return 0;
}

static int start_member(void)
{
    HANDLE thread = CreateThread(NULL, 0, member, NULL, 0, NULL);
    return thread ? (CloseHandle(thread), 0) : -1;
}

#else

static void *member(void *unused)
{
    (void)unused;
    take_part();
    return NULL;
}

static void before_fork(void) { pthread_mutex_lock(&pool); }
static void after_fork(void) { pthread_mutex_unlock(&pool); }

static void in_child(void)
{
    pthread_mutex_init(&pool, NULL);
    pthread_cond_init(&come, NULL);
    pthread_cond_init(&done, NULL);
    jobs = NULL;
    members = 0;
}

/* Signals are for the threads of the program, whose system calls they interrupt. */
static int start_member(void)
{
    static int prepared;
    pthread_t thread;
    sigset_t all, before;
    if (!prepared && pthread_atfork(before_fork, after_fork, in_child))
        return -1;
    prepared = 1;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int status = pthread_create(&thread, NULL, member, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status ? -1 : pthread_detach(thread);
}

#endif

static void forget(Job *job)
{
    Job **place = &jobs;
    while (*place != job)
        place = &(*place)->next;
    *place = job->next;
}

void run_in_threads(int64_t threads, void *(*worker)(void *), void *work, pthread_mutex_t *lock)
{
    Job job = {.worker = worker, .work = work};
    pthread_mutex_init(lock, NULL);
    if (threads > 1) {
        job.open = (threads < MAX_THREADS ? threads : MAX_THREADS) - 1;
        pthread_mutex_lock(&pool);
        while (members < job.open && !start_member())
            members++;
        job.next = jobs;
        jobs = &job;
        pthread_cond_broadcast(&come);
        pthread_mutex_unlock(&pool);
    }
    worker(work);
    if (threads > 1) {
        pthread_mutex_lock(&pool);
        job.open = 0;
        while (job.at_work)
            pthread_cond_wait(&done, &pool);
        forget(&job);
        pthread_mutex_unlock(&pool);
    }
    pthread_mutex_destroy(lock);
}
