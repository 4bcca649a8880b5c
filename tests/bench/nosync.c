/* Preloaded into the gateway by the benchmark: synced writes become plain ones, so that what
 * durability costs can be measured. The product itself has no such switch. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/uio.h>
#include <unistd.h>

typedef ssize_t (*pwritev2_t)(int, const struct iovec*, int, off_t, int);

static ssize_t unsynced(const char* name, int file, const struct iovec* parts, int count,
                        off_t offset, int flags) {
  static pwritev2_t next;
  if (next == NULL) {
    next = (pwritev2_t)dlsym(RTLD_NEXT, name);
  }
  return next(file, parts, count, offset, flags & ~(RWF_DSYNC | RWF_SYNC));
}

ssize_t pwritev2(int file, const struct iovec* parts, int count, off_t offset, int flags) {
  return unsynced("pwritev2", file, parts, count, offset, flags);
}

ssize_t pwritev64v2(int file, const struct iovec* parts, int count, off64_t offset, int flags) {
  return unsynced("pwritev64v2", file, parts, count, offset, flags);
}

int fsync(int file) {
  (void)file;
  return 0;
}

int fdatasync(int file) {
  (void)file;
  return 0;
}
