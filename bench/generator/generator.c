// The load generator of the bench: one thread, epoll, OpenSSL; HTTP/1.1 over TCP or mutual TLS. Closed loop (as many calls as
// the connections carry) or open loop (so many per second, latency counted from the instant a call was due, so that a server
// that stalls cannot hide the calls that it kept from being made). Prints one JSON object.
//
//   --port N             server on 127.0.0.1                 --host NAME          Host and SNI
//   --connections N      open at once                        --sources N          call from 127.1.x.y, N addresses in turn
//   --seconds S          measured time                       --warmup S           unmeasured time before it
//   --rate N             open loop: calls per second         --path P             --services N  append 1..N to the path, in turn
//   --method M           --body FILE                         --field "name: value" (up to 16)
//   --certificate FILE   mutual TLS: chain and key, PEM      --tls                TLS without a client certificate
//   --fresh              a new connection for every call     --resume             offer the session of the last connection
//   --hold               one call per connection, say {"held":n}, keep them open until standard input ends
//   --watch PID          (up to 64) CPU time of these processes over the measured time, from /proc/PID/task/*/schedstat
//   --known PID          (up to 64) the same, summed apart: the bench's own processes beside the server
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../wire/http1.h"

enum {
  HEAD_BYTES_MAX = 32768,
  FIELDS_MAX = 16,
  WATCHED_MAX = 64,
  EVENTS_MAX = 512,
  DIALS_PER_TURN = 64,
  // A server that refuses connections would otherwise be dialled for ever, at full speed.
  ERRORS_MAX = 2000,
  STATUS_MAX = 600,
  DUE_MAX = 1 << 20,
  // Latency in µs, in buckets of at most 1/64 of their value.
  BUCKETS_PER_OCTAVE = 64,
  BUCKETS = BUCKETS_PER_OCTAVE * 40,
};

struct processes {
  int count, pids[WATCHED_MAX];
};

static struct {
  int port, connections, sources, services, is_fresh, resumes, is_hold, is_tls;
  double seconds, warmup, rate;
  const char *host, *path, *method, *body_file, *certificate, *fields[FIELDS_MAX];
  int field_count;
  struct processes watched, known;
} options = {.connections = 32, .services = 0, .seconds = 1, .warmup = 0.3, .host = "localhost", .path = "/", .method = "GET"};

enum phase { CLOSED, CONNECTING, SHAKING, SENDING, RECEIVING, FREE };

struct call {
  const char *bytes;
  size_t length;
};

struct connection {
  int index, socket;
  enum phase phase;
  uint32_t awaited;
  SSL *tls;
  SSL_SESSION *session;
  const struct call *call;
  size_t sent, held;
  int in_body, closes, status;
  struct body body;
  double since;
  unsigned long calls;
  char head[HEAD_BYTES_MAX];
};

static struct connection *connections;
static struct call *calls;
static int call_count, events;
static SSL_CTX *tls_context;

static int *free_connections, free_count;
static double *due, end_at;
static unsigned long due_first, due_last;

static int is_measuring;
static struct {
  unsigned long finished, measured, errors, handshakes, resumed, missed, status[STATUS_MAX], latency[BUCKETS];
  unsigned long long bytes_sent, bytes_received;
} count;
static char first_error[256];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

__attribute__((format(printf, 1, 2))) static void fail(const char *format, ...) {
  va_list values;
  va_start(values, format);
  fputs("generator: ", stderr);
  vfprintf(stderr, format, values);
  fputc('\n', stderr);
  va_end(values);
  exit(1);
}

// --- latency ------------------------------------------------------------------------------------------------------------

static int bucket_of(double us) {
  const unsigned long value = us < 0 ? 0 : (unsigned long)us;
  if (value < BUCKETS_PER_OCTAVE) return (int)value;
  const int exponent = 63 - __builtin_clzl(value);
  const int bucket = (exponent - 5) * BUCKETS_PER_OCTAVE + (int)((value >> (exponent - 6)) & (BUCKETS_PER_OCTAVE - 1));
  return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

static double middle_of(int bucket) {
  if (bucket < BUCKETS_PER_OCTAVE) return bucket + 0.5;
  const int exponent = bucket / BUCKETS_PER_OCTAVE + 5, step = bucket % BUCKETS_PER_OCTAVE;
  const double width = (double)(1UL << (exponent - 6));
  return (BUCKETS_PER_OCTAVE + step + 0.5) * width;
}

static double percentile(double part) {
  unsigned long all = 0, seen = 0;
  for (int i = 0; i < BUCKETS; i += 1) all += count.latency[i];
  for (int i = 0; i < BUCKETS; i += 1) {
    seen += count.latency[i];
    if (seen > 0 && (double)seen >= part * (double)all) return middle_of(i);
  }
  return 0;
}

// --- CPU time -----------------------------------------------------------------------------------------------------------

/** Seconds on a CPU, summed over the threads of the processes. Threads that end take theirs with them. */
static double cpu_seconds_of(const struct processes *processes) {
  double sum = 0;
  for (int i = 0; i < processes->count; i += 1) {
    char path[512];
    snprintf(path, sizeof path, "/proc/%d/task", processes->pids[i]);
    DIR *tasks = opendir(path);
    if (tasks == NULL) fail("process %d has ended", processes->pids[i]);
    for (struct dirent *task = readdir(tasks); task != NULL; task = readdir(tasks)) {
      if (task->d_name[0] == '.') continue;
      snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", processes->pids[i], task->d_name);
      FILE *file = fopen(path, "r");
      unsigned long long nanoseconds = 0;
      if (file == NULL) continue;
      if (fscanf(file, "%llu", &nanoseconds) == 1) sum += (double)nanoseconds * 1e-9;
      fclose(file);
    }
    closedir(tasks);
  }
  return sum;
}

/** Seconds that all CPUs of the machine have been busy: user, nice, system, interrupts (proc_stat(5)). */
static double machine_busy_seconds(void) {
  unsigned long long user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softirq = 0;
  FILE *file = fopen("/proc/stat", "r");
  if (file == NULL) return 0;
  const int read = fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle, &wait, &irq, &softirq);
  fclose(file);
  return read == 7 ? (double)(user + nice + system + irq + softirq) / (double)sysconf(_SC_CLK_TCK) : 0;
}

static double own_cpu_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

// --- connections --------------------------------------------------------------------------------------------------------

static void await(struct connection *c, uint32_t wanted) {
  if (c->awaited == wanted) return;
  struct epoll_event event = {.events = wanted, .data.ptr = c};
  epoll_ctl(events, c->awaited == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, c->socket, &event);
  c->awaited = wanted;
}

static void hang_up(struct connection *c) {
  if (c->phase == FREE) {
    for (int i = 0; i < free_count; i += 1) {
      if (free_connections[i] != c->index) continue;
      free_connections[i] = free_connections[--free_count];
      break;
    }
  }
  if (c->tls != NULL) {
    // Without this OpenSSL holds the session to be broken and will not offer it again.
    if (c->phase > SHAKING) SSL_set_shutdown(c->tls, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(c->tls);
    c->tls = NULL;
  }
  close(c->socket);
  c->awaited = 0;
  c->phase = CLOSED;
}

static void dial(struct connection *c) {
  const int on = 1;
  c->socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c->socket < 0) fail("no socket: %s", strerror(errno));
  setsockopt(c->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (options.sources > 0) {
    static unsigned turn;
    const unsigned source = options.is_fresh ? turn++ % (unsigned)options.sources : (unsigned)(c->index % options.sources);
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr = {htonl(0x7f010001U + source / 250 * 256 + source % 250)}};
    // The port is chosen at connect, so that one source may reach several servers from the same port.
    setsockopt(c->socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(c->socket, (void *)&from, sizeof from) != 0) fail("cannot call from source %u: %s", source, strerror(errno));
  }
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)options.port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  c->phase = CONNECTING;
  c->since = now();
  c->awaited = 0;
  c->held = 0;
  if (connect(c->socket, (void *)&to, sizeof to) != 0 && errno != EINPROGRESS) fail("cannot connect: %s", strerror(errno));
  await(c, EPOLLOUT);
}

static void broken(struct connection *c, const char *where) {
  count.errors += 1;
  if (first_error[0] == '\0') {
    const unsigned long code = ERR_peek_error();
    snprintf(first_error, sizeof first_error, "%s: %s", where, code != 0 ? ERR_reason_error_string(code) : errno != 0 ? strerror(errno) : "closed");
    for (char *at = first_error; *at != '\0'; at += 1)
      if (*at == '"' || *at == '\\' || *at < ' ') *at = '\'';
  }
  ERR_clear_error();
  hang_up(c);
  if (count.errors >= ERRORS_MAX) fail("gave up after %d errors, the first: %s", ERRORS_MAX, first_error);
  if (!options.is_hold && now() < end_at) dial(c);
}

/** Writes or reads what the socket takes or gives. 0: wait for the event that was asked for; -1: over. */
static long transfer(struct connection *c, int writes, void *bytes, size_t length) {
  errno = 0;
  if (c->tls == NULL) {
    const ssize_t moved = writes ? send(c->socket, bytes, length, MSG_NOSIGNAL) : recv(c->socket, bytes, length, 0);
    if (moved > 0) return moved;
    if (moved < 0 && errno == EAGAIN) return await(c, writes ? EPOLLIN | EPOLLOUT : EPOLLIN), 0;
    return -1;
  }
  size_t moved = 0;
  ERR_clear_error();
  const int result = writes ? SSL_write_ex(c->tls, bytes, length, &moved) : SSL_read_ex(c->tls, bytes, length, &moved);
  if (result == 1) return (long)moved;
  switch (SSL_get_error(c->tls, 0)) {
    case SSL_ERROR_WANT_READ: return await(c, EPOLLIN), 0;
    case SSL_ERROR_WANT_WRITE: return await(c, EPOLLIN | EPOLLOUT), 0;
    default: return -1;
  }
}

static void begin_call(struct connection *c, double since) {
  c->call = &calls[(c->calls + (unsigned long)c->index) % (unsigned long)call_count];
  c->calls += 1;
  c->sent = 0;
  c->held = 0;
  c->in_body = 0;
  c->since = since;
  c->phase = SENDING;
}

/** The connection carries no call: gives it the next one that is due, or lets it wait. 1 when a call began. */
static int next_call(struct connection *c) {
  if (!(options.is_hold && c->calls > 0)) {
    if (options.rate > 0) {
      if (due_first < due_last) return begin_call(c, due[due_first++ % DUE_MAX]), 1;
      free_connections[free_count++] = c->index;
    } else {
      const double at = now();
      // A new connection is part of what its one call waits for.
      if (at < end_at) return begin_call(c, options.is_fresh ? c->since : at), 1;
    }
  }
  c->phase = FREE;
  await(c, EPOLLIN);
  return 0;
}

static int finish_call(struct connection *c) {
  const double at = now();
  count.finished += 1;
  if (is_measuring) {
    count.measured += 1;
    count.status[c->status > 0 && c->status < STATUS_MAX ? c->status : 0] += 1;
    count.latency[bucket_of((at - c->since) * 1e6)] += 1;
  }
  if (!options.is_fresh && !c->closes) return next_call(c);
  hang_up(c);
  if (at < end_at && !options.is_hold) dial(c);
  return 0;
}

/** Reads the head of an answer from the buffer; what follows it is body. 1 when the head is there. */
static int take_head(struct connection *c) {
  size_t length = head_length(c->head, c->held);
  while (length > 0) {
    c->status = atoi(c->head + 9);
    if (c->status >= 200) break;
    // 1xx: an interim answer, the real one follows (RFC 9110 §15.2).
    c->held -= length;
    memmove(c->head, c->head + length, c->held);
    length = head_length(c->head, c->held);
  }
  if (length == 0) return 0;
  c->body = body_after(c->head, length);
  const char *option = head_field(c->head, length, "connection");
  c->closes = option != NULL && strncasecmp(option, "close", 5) == 0;
  c->in_body = 1;
  body_take(&c->body, c->head + length, c->held - length);
  return 1;
}

static void shake_hands(struct connection *c) {
  ERR_clear_error();
  errno = 0;
  const int result = SSL_do_handshake(c->tls);
  if (result == 1) {
    if (is_measuring) {
      count.handshakes += 1;
      if (SSL_session_reused(c->tls)) count.resumed += 1;
    }
    c->phase = FREE;
    return;
  }
  switch (SSL_get_error(c->tls, result)) {
    case SSL_ERROR_WANT_READ: await(c, EPOLLIN); return;
    case SSL_ERROR_WANT_WRITE: await(c, EPOLLIN | EPOLLOUT); return;
    default: broken(c, "handshake");
  }
}

static void connected(struct connection *c) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(c->socket, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) {
    errno = error;
    broken(c, "connect");
    return;
  }
  if (!options.is_tls) {
    c->phase = FREE;
    return;
  }
  c->tls = SSL_new(tls_context);
  SSL_set_app_data(c->tls, (void *)c);
  SSL_set_fd(c->tls, c->socket);
  SSL_set_connect_state(c->tls);
  SSL_set_tlsext_host_name(c->tls, options.host);
  if (options.resumes && c->session != NULL) SSL_set_session(c->tls, c->session);
  c->phase = SHAKING;
}

/** Carries one connection on until it must wait for the network, or for a call to be due. */
static void carry_on(struct connection *c) {
  static char discarded[65536];
  for (;;) {
    switch (c->phase) {
      case CLOSED: return;
      case CONNECTING:
        connected(c);
        if (c->phase == FREE && !next_call(c)) return;
        if (c->phase == CONNECTING) return;
        break;
      case SHAKING:
        shake_hands(c);
        if (c->phase != FREE) return;
        if (!next_call(c)) return;
        break;
      case SENDING: {
        const long moved = transfer(c, 1, (char *)c->call->bytes + c->sent, c->call->length - c->sent);
        if (moved == 0) return;
        if (moved < 0) return broken(c, "send");
        c->sent += (size_t)moved;
        if (is_measuring) count.bytes_sent += (unsigned long long)moved;
        if (c->sent == c->call->length) {
          c->phase = RECEIVING;
          await(c, EPOLLIN);
        }
        break;
      }
      case RECEIVING: {
        const long moved = c->in_body ? transfer(c, 0, discarded, sizeof discarded)
                                      : transfer(c, 0, c->head + c->held, sizeof c->head - c->held);
        if (moved == 0) return;
        if (moved < 0) return broken(c, "receive");
        if (is_measuring) count.bytes_received += (unsigned long long)moved;
        if (c->in_body) {
          if (body_take(&c->body, discarded, (size_t)moved) < 0) return broken(c, "chunked coding");
        } else {
          c->held += (size_t)moved;
          if (!take_head(c)) {
            if (c->held == sizeof c->head) return broken(c, "head too long");
            break;
          }
        }
        if (c->body.complete && !finish_call(c)) return;
        break;
      }
      case FREE: {
        // Nothing is due, so whatever comes is a session ticket or the end.
        char byte;
        const long moved = transfer(c, 0, &byte, 1);
        if (moved == 0) return;
        if (options.is_hold) return broken(c, "held connection");
        hang_up(c);
        if (now() < end_at) dial(c);
        return;
      }
    }
  }
}

// --- set-up -------------------------------------------------------------------------------------------------------------

static int keep_session(SSL *tls, SSL_SESSION *session) {
  struct connection *c = SSL_get_app_data(tls);
  if (c->session != NULL) SSL_SESSION_free(c->session);
  c->session = session;
  return 1;
}

static SSL_CTX *create_tls_context(void) {
  static const unsigned char protocols[] = "\x08http/1.1";
  SSL_CTX *context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  // The same for every server: none is measured with a costlier key exchange than the next.
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set1_groups_list(context, "X25519");
  SSL_CTX_set_ciphersuites(context, "TLS_AES_256_GCM_SHA384");
  SSL_CTX_set_alpn_protos(context, protocols, sizeof protocols - 1);
  SSL_CTX_set_session_cache_mode(context, options.resumes ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF);
  SSL_CTX_sess_set_new_cb(context, keep_session);
  if (options.certificate != NULL && (SSL_CTX_use_certificate_chain_file(context, options.certificate) != 1 ||
                                      SSL_CTX_use_PrivateKey_file(context, options.certificate, SSL_FILETYPE_PEM) != 1))
    fail("no certificate and key in %s", options.certificate);
  return context;
}

static char *read_body(size_t *length) {
  *length = 0;
  if (options.body_file == NULL) return NULL;
  FILE *file = fopen(options.body_file, "rb");
  if (file == NULL) fail("cannot read %s: %s", options.body_file, strerror(errno));
  fseek(file, 0, SEEK_END);
  *length = (size_t)ftell(file);
  rewind(file);
  char *bytes = malloc(*length);
  if (bytes == NULL || fread(bytes, 1, *length, file) != *length) fail("cannot read %s", options.body_file);
  fclose(file);
  return bytes;
}

static void prepare_calls(void) {
  size_t body_length;
  char *body = read_body(&body_length);
  call_count = options.services > 0 ? options.services : 1;
  calls = calloc((size_t)call_count, sizeof *calls);
  for (int i = 0; i < call_count; i += 1) {
    char *bytes;
    size_t length;
    FILE *text = open_memstream(&bytes, &length);
    fprintf(text, "%s %s", options.method, options.path);
    if (options.services > 0) fprintf(text, "%d", i + 1);
    fprintf(text, " HTTP/1.1\r\nHost: %s\r\nUser-Agent: headgate-bench\r\n", options.host);
    for (int k = 0; k < options.field_count; k += 1) fprintf(text, "%s\r\n", options.fields[k]);
    if (options.is_fresh) fputs("Connection: close\r\n", text);
    if (body != NULL) fprintf(text, "Content-Length: %zu\r\n", body_length);
    fputs("\r\n", text);
    if (body != NULL) fwrite(body, 1, body_length, text);
    fclose(text);
    calls[i] = (struct call){bytes, length};
  }
  free(body);
}

static void add_process(struct processes *processes) {
  if (processes->count == WATCHED_MAX) fail("more than %d processes to watch", WATCHED_MAX);
  processes->pids[processes->count++] = atoi(optarg);
}

static void read_options(int word_count, char **words) {
  static const struct option known[] = {
    {"port", 1, 0, 'p'}, {"connections", 1, 0, 'c'}, {"sources", 1, 0, 's'}, {"services", 1, 0, 'k'}, {"seconds", 1, 0, 'd'},
    {"warmup", 1, 0, 'w'}, {"rate", 1, 0, 'r'}, {"host", 1, 0, 'H'}, {"path", 1, 0, 'P'}, {"method", 1, 0, 'm'},
    {"body", 1, 0, 'b'}, {"field", 1, 0, 'f'}, {"certificate", 1, 0, 'C'}, {"tls", 0, 0, 't'}, {"fresh", 0, 0, 'n'},
    {"resume", 0, 0, 'R'}, {"hold", 0, 0, 'I'}, {"watch", 1, 0, 'W'},
    {"known", 1, 0, 'K'}, {0, 0, 0, 0}};
  for (int letter; (letter = getopt_long(word_count, words, "", known, NULL)) != -1;) {
    switch (letter) {
      case 'p': options.port = atoi(optarg); break;
      case 'c': options.connections = atoi(optarg); break;
      case 's': options.sources = atoi(optarg); break;
      case 'k': options.services = atoi(optarg); break;
      case 'd': options.seconds = atof(optarg); break;
      case 'w': options.warmup = atof(optarg); break;
      case 'r': options.rate = atof(optarg); break;
      case 'H': options.host = optarg; break;
      case 'P': options.path = optarg; break;
      case 'm': options.method = optarg; break;
      case 'b': options.body_file = optarg; break;
      case 'f':
        if (options.field_count == FIELDS_MAX) fail("more than %d fields", FIELDS_MAX);
        options.fields[options.field_count++] = optarg;
        break;
      case 'C': options.certificate = optarg; options.is_tls = 1; break;
      case 't': options.is_tls = 1; break;
      case 'n': options.is_fresh = 1; break;
      case 'R': options.resumes = 1; break;
      case 'I': options.is_hold = 1; break;
      case 'W': add_process(&options.watched); break;
      case 'K': add_process(&options.known); break;
      default: exit(2);
    }
  }
  if (options.port < 1 || options.connections < 1 || optind < word_count) fail("give --port and options only; the head of generator.c lists them");
  if (options.is_fresh && options.rate > 0) fail("--fresh is for a closed loop");
}

// --- runs ---------------------------------------------------------------------------------------------------------------

static void begin_what_is_due(double *next, double at) {
  while (*next <= at) {
    if (free_count > 0) {
      struct connection *c = &connections[free_connections[--free_count]];
      begin_call(c, *next);
      carry_on(c);
    } else if (due_last - due_first < DUE_MAX) {
      due[due_last++ % DUE_MAX] = *next;
    } else {
      count.missed += 1;
    }
    *next += 1 / options.rate;
  }
}

static struct timespec until(double instant) {
  double wait = instant - now();
  if (wait < 0) wait = 0;
  if (wait > 0.005) wait = 0.005;
  return (struct timespec){0, (long)(wait * 1e9)};
}

static void wait_for_events(struct timespec longest) {
  struct epoll_event ready[EVENTS_MAX];
  const int happened = epoll_pwait2(events, ready, EVENTS_MAX, &longest, NULL);
  for (int i = 0; i < happened; i += 1) carry_on(ready[i].data.ptr);
}

static int dial_some(int dialled) {
  for (int i = 0; i < DIALS_PER_TURN && dialled < options.connections; i += 1, dialled += 1) {
    connections[dialled].index = dialled;
    dial(&connections[dialled]);
  }
  return dialled;
}

static void hold(void) {
  int dialled = 0;
  const double give_up_at = now() + 60;
  end_at = give_up_at;
  while (count.finished + count.errors < (unsigned long)options.connections) {
    if (now() > give_up_at) fail("only %lu of %d connections after 60 s", count.finished, options.connections);
    // Fewer half-open connections than the shortest backlog among the servers.
    if (dialled - (int)(count.finished + count.errors) < DIALS_PER_TURN) dialled = dial_some(dialled);
    wait_for_events((struct timespec){0, 5000000});
  }
  printf("{\"held\":%lu,\"errors\":%lu,\"firstError\":\"%s\"}\n", count.finished, count.errors, first_error);
  fflush(stdout);
  struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
  char byte;
  while (poll(&input, 1, -1) < 0 || read(STDIN_FILENO, &byte, 1) > 0) continue;
}

/** Clocks that are read when measuring begins and when it ends. */
struct clocks {
  double at, watched_cpu, known_cpu, busy, own_cpu;
};

static struct clocks read_clocks(void) {
  return (struct clocks){now(), cpu_seconds_of(&options.watched), cpu_seconds_of(&options.known), machine_busy_seconds(), own_cpu_seconds()};
}

static void print_results(struct clocks from, struct clocks to) {
  printf("{\"seconds\":%.4f,\"finished\":%lu,\"calls\":%lu,\"errors\":%lu,\"firstError\":\"%s\",\"missed\":%lu,\"handshakes\":%lu,\"resumed\":%lu,",
         to.at - from.at, count.finished, count.measured, count.errors, first_error, count.missed, count.handshakes, count.resumed);
  printf("\"bytesSent\":%llu,\"bytesReceived\":%llu,\"watchedCpuSeconds\":%.6f,\"knownCpuSeconds\":%.6f,",
         count.bytes_sent, count.bytes_received, to.watched_cpu - from.watched_cpu, to.known_cpu - from.known_cpu);
  printf("\"machineBusySeconds\":%.3f,\"ownCpuSeconds\":%.4f,", to.busy - from.busy, to.own_cpu - from.own_cpu);
  printf("\"latencyUs\":{\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f},\"status\":{", percentile(0.5), percentile(0.9),
         percentile(0.99), percentile(0.999), percentile(1));
  const char *comma = "";
  for (int i = 0; i < STATUS_MAX; i += 1) {
    if (count.status[i] == 0) continue;
    printf("%s\"%d\":%lu", comma, i, count.status[i]);
    comma = ",";
  }
  puts("}}");
}

static void measure(void) {
  const double started_at = now(), measured_from = started_at + options.warmup;
  struct clocks from = {0};
  // The first calls wait for connections; a schedule that ran meanwhile would begin with a queue.
  double next = started_at + options.warmup / 2;
  int dialled = 0;
  end_at = measured_from + options.seconds;
  for (;;) {
    const double at = now();
    if (!is_measuring && at >= measured_from) {
      is_measuring = 1;
      from = read_clocks();
    }
    if (at >= end_at) break;
    dialled = dial_some(dialled);
    if (options.rate > 0) begin_what_is_due(&next, now());
    wait_for_events(dialled < options.connections ? (struct timespec){0, 0} : until(options.rate > 0 ? next : end_at));
  }
  print_results(from, read_clocks());
}

int main(int word_count, char **words) {
  read_options(word_count, words);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  signal(SIGPIPE, SIG_IGN);
  // The kernel may otherwise wake an open loop 50 µs late, which would count as the server's latency.
  prctl(PR_SET_TIMERSLACK, 1);
  if (options.is_tls) tls_context = create_tls_context();
  prepare_calls();
  connections = calloc((size_t)options.connections, sizeof *connections);
  free_connections = calloc((size_t)options.connections, sizeof *free_connections);
  due = calloc(DUE_MAX, sizeof *due);
  events = epoll_create1(EPOLL_CLOEXEC);
  if (connections == NULL || free_connections == NULL || due == NULL) fail("out of memory");
  if (options.is_hold) hold();
  else measure();
  return 0;
}
