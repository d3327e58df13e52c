// disk.c: cuts the power between two writes to a guest's disk. Loaded into the User Mode Linux process (LD_PRELOAD), below its ubd driver:
//
//     DISK=FILE       the disk, as it is named to ubd0=
//     DISK_CUT=N      the Nth write is not made, nor anything after it; 0: all are
//     DISK_TELL=FD    where `cut` is told then
//
// After that no request is answered any more, and whoever reads DISK_TELL kills the process. All writes come from the one thread in which the ubd
// driver does its input and output (arch/um/drivers/ubd_kern.c), so that nothing is locked.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MOST_FILES = 1024 };

static const char *path;
static bool is_disk[MOST_FILES];
static long writes, cut_at, tell;

static long number(const char *name) {
  const char *text = getenv(name);
  return text ? atol(text) : 0;
}

__attribute__((constructor)) static void begin(void) {
  path = getenv("DISK");
  cut_at = number("DISK_CUT");
  tell = number("DISK_TELL");
}

int open64(const char *name, int flags, ...) {
  va_list more;
  va_start(more, flags);
  int file = (int)syscall(SYS_openat, AT_FDCWD, name, flags, va_arg(more, mode_t));
  va_end(more);
  if (file >= 0 && file < MOST_FILES) is_disk[file] = path && strcmp(name, path) == 0;
  return file;
}

ssize_t pwrite64(int file, const void *from, size_t size, off64_t at) {
  bool counts = file >= 0 && file < MOST_FILES && is_disk[file];
  if (counts && ++writes == cut_at) {
    dprintf((int)tell, "cut\n");
    for (;;) pause();
  }
  return syscall(SYS_pwrite64, file, from, size, at);
}
