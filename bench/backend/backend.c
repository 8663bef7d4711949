// The market system of the bench: answers every call with 200 and 2 KB of text/xml, as fast as one thread can, so that it
// is never what is measured. A call whose path ends in "Head1" is answered with its own head: that is how a run proves
// that the proxy under test passed on who the caller is.
//
//   backend --port 9000
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../wire/http1.h"

enum { HEAD_BYTES_MAX = 65536, ANSWER_BYTES = 2048, EVENTS_MAX = 256 };

struct conversation {
  int socket;
  int in_body;
  struct body body;
  size_t held;
  char bytes[HEAD_BYTES_MAX];
};

static char answer[ANSWER_BYTES + 256];
static size_t answer_length;

static void prepare_answer(void) {
  static const char open[] = "<?xml version=\"1.0\"?><answer>", close[] = "</answer>";
  char body[ANSWER_BYTES];
  memset(body, 'x', sizeof body);
  memcpy(body, open, sizeof open - 1);
  memcpy(body + sizeof body - (sizeof close - 1), close, sizeof close - 1);
  const int head = snprintf(answer, sizeof answer,
                            "HTTP/1.1 200 OK\r\ncontent-type: text/xml; charset=utf-8\r\ncontent-length: %d\r\n\r\n", ANSWER_BYTES);
  memcpy(answer + head, body, sizeof body);
  answer_length = (size_t)head + sizeof body;
}

static int send_all(int socket, const char *bytes, size_t count) {
  // Small answers on a loopback socket with an empty buffer; a peer that lets it fill up is not reading and is let go.
  return send(socket, bytes, count, MSG_NOSIGNAL) == (ssize_t)count ? 0 : -1;
}

static int answer_with_head(int socket, const char *head, size_t length) {
  char line[128];
  const int written = snprintf(line, sizeof line, "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: %zu\r\n\r\n", length);
  return send_all(socket, line, (size_t)written) == 0 ? send_all(socket, head, length) : -1;
}

static int asks_for_head(const char *head, size_t length) {
  const char *end = memchr(head, '\r', length);
  const char *version = end == NULL ? NULL : memrchr(head, ' ', (size_t)(end - head));
  return version != NULL && version - head > 5 && memcmp(version - 5, "Head1", 5) == 0;
}

/** Answers every complete call in the buffer. -1 when the conversation is over. */
static int answer_what_is_complete(struct conversation *c) {
  size_t at = 0;
  while (at < c->held || c->in_body) {
    if (!c->in_body) {
      const size_t length = head_length(c->bytes + at, c->held - at);
      if (length == 0) break;
      c->body = body_after(c->bytes + at, length);
      if (asks_for_head(c->bytes + at, length)) {
        if (!c->body.complete || answer_with_head(c->socket, c->bytes + at, length) != 0) return -1;
        at += length;
        continue;
      }
      at += length;
      c->in_body = 1;
    }
    const long taken = body_take(&c->body, c->bytes + at, c->held - at);
    if (taken < 0) return -1;
    at += (size_t)taken;
    if (!c->body.complete) break;
    c->in_body = 0;
    if (send_all(c->socket, answer, answer_length) != 0) return -1;
  }
  c->held -= at;
  memmove(c->bytes, c->bytes + at, c->held);
  return c->held == sizeof c->bytes ? -1 : 0;
}

static void serve(struct conversation *c) {
  for (;;) {
    const size_t room = sizeof c->bytes - c->held;
    const ssize_t received = recv(c->socket, c->bytes + c->held, room, 0);
    if (received < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (received <= 0) break;
    c->held += (size_t)received;
    if (answer_what_is_complete(c) != 0) break;
    // Nothing more is waiting: the next event will say so, one system call earlier.
    if ((size_t)received < room) return;
  }
  close(c->socket);
  free(c);
}

static int open_listener(int port) {
  const int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  if (bind(listener, (void *)&address, sizeof address) != 0 || listen(listener, 4096) != 0) {
    perror("backend: cannot listen");
    exit(1);
  }
  return listener;
}

static void accept_all(int events, int listener) {
  int socket;
  while ((socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct conversation *c = malloc(sizeof *c);
    if (c == NULL) {
      close(socket);
      return;
    }
    c->socket = socket;
    c->in_body = 0;
    c->held = 0;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(events, EPOLL_CTL_ADD, socket, &event);
  }
}

int main(int count, char **words) {
  if (count != 3 || strcmp(words[1], "--port") != 0) {
    fprintf(stderr, "usage: backend --port PORT\n");
    return 2;
  }
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  signal(SIGPIPE, SIG_IGN);
  prepare_answer();
  const int listener = open_listener(atoi(words[2])), events = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, ready[EVENTS_MAX];
  epoll_ctl(events, EPOLL_CTL_ADD, listener, &event);
  puts("ready");
  fflush(stdout);
  for (;;) {
    const int happened = epoll_wait(events, ready, EVENTS_MAX, -1);
    for (int i = 0; i < happened; i += 1) {
      if (ready[i].data.ptr == NULL) accept_all(events, listener);
      else serve(ready[i].data.ptr);
    }
  }
}
