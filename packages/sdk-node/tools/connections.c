// Preloaded into a process (LD_PRELOAD), refuses every connection to another machine and adds its address as a line to the file CONNECTIONS.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void note(const char *where) {
  char line[512];
  int length = snprintf(line, sizeof line, "%s\n", where);
  int file = open(getenv("CONNECTIONS"), O_WRONLY | O_APPEND | O_CREAT, 0600);
  if (file < 0 || write(file, line, length) != length) abort();
  close(file);
}

int connect(int socket, const struct sockaddr *to, socklen_t size) {
  char where[INET6_ADDRSTRLEN] = "";
  if (to->sa_family == AF_INET) inet_ntop(AF_INET, &((const struct sockaddr_in *)to)->sin_addr, where, sizeof where);
  else if (to->sa_family == AF_INET6) inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)to)->sin6_addr, where, sizeof where);
  else return ((int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "connect"))(socket, to, size);
  note(where);
  errno = ENETUNREACH;
  return -1;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
  struct in_addr address;
  int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
  if (name == NULL || inet_pton(AF_INET, name, &address) == 1) return next(name, service, hints, found);
  note(name);
  return EAI_NONAME;
}
