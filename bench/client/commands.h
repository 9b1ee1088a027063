/* What comes on stdin and what is answered; part of fanout.c. */

static void read_greetings(const char *name) {
    FILE *file = fopen(name, "r");
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    while (file && (n = getline(&line, &room, file)) > 0) {
        if (line[n - 1] == '\n') line[--n] = 0;
        if (!n) continue;
        greetings = realloc(greetings, (greeting_count + 1) * sizeof *greetings);
        greetings[greeting_count++] = strdup(line);
    }
    if (file) fclose(file);
    free(line);
}

/* Read "ADDRESS:PORT,ADDRESS:PORT"; give how many there are. */
static uint32_t read_targets(char *words, struct sockaddr_in *into) {
    uint32_t n = 0;
    char *rest = NULL;
    for (char *word = strtok_r(words, ",", &rest); word && n < TARGETS;
         word = strtok_r(NULL, ",", &rest)) {
        char *colon = strchr(word, ':');
        if (!colon) continue;
        *colon = 0;
        memset(&into[n], 0, sizeof into[n]);
        into[n].sin_family = AF_INET;
        into[n].sin_port = htons((uint16_t)atoi(colon + 1));
        inet_pton(AF_INET, word, &into[n].sin_addr);
        n++;
    }
    return n;
}

static void print_times(void) {
    qsort(took, took_count, sizeof(double), by_size);
    printf("\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f", share(took, took_count, 50),
           share(took, took_count, 99), share(took, took_count, 100));
    took_count = 0;
}

static void open_more(uint64_t now) {
    while (next_open < count && joining < at_once) {
        uint32_t index = next_open++;
        conns[index].last = since;
        start(index, &targets[index % target_count]);
    }
    int late = now > open_by;
    if ((next_open < count || joining) && !late) return;
    opening = 0;
    printf("{\"event\":\"opened\",\"live\":%u,\"failed\":%u,\"seconds\":%.6f,", live,
           failed + joining + count - next_open, (double)(now - opened_at) / 1e9);
    print_times();
    printf(",\"why\":\"%s\"}\n", why);
    fflush(stdout);
}

static void print_status(const char *event) {
    uint64_t lowest = UINT64_MAX, highest = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (conns[i].state != LIVE) continue;
        if (conns[i].last < lowest) lowest = conns[i].last;
        if (conns[i].last > highest) highest = conns[i].last;
    }
    printf("{\"event\":\"%s\",\"live\":%u,\"deliveries\":%llu,\"gaps\":%llu,\"duplicates\":%llu,"
           "\"cut\":%llu,\"refused\":%llu,\"unrecovered\":%llu,\"lowest\":%llu,\"highest\":%llu,"
           "\"ns\":%llu,",
           event, live, (unsigned long long)deliveries, (unsigned long long)gaps,
           (unsigned long long)duplicates, (unsigned long long)cut, (unsigned long long)refused,
           (unsigned long long)unrecovered, (unsigned long long)(highest ? lowest : 0),
           (unsigned long long)highest, (unsigned long long)now_ns());
    print_times();
    printf(",\"why\":\"%s\"}\n", why);
    fflush(stdout);
}

/* Look after what is due: who comes back, whether what is expected has come. */
static void tick(uint64_t now) {
    if (home_count)
        for (uint32_t i = 0; i < count; i++)
            if (conns[i].state == WAITING && conns[i].moment <= now)
                start(i, &homes[i % home_count]);
    if (!expecting) return;
    uint32_t there = 0;
    for (uint32_t i = 0; i < count; i++)
        there += conns[i].state == LIVE && conns[i].last >= expect_offset;
    if (there < expect_live && now < expect_by) return;
    expecting = 0;
    print_status(there >= expect_live ? "reached" : "late");
}

static void close_all(void) {
    home_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        end(&conns[i], "", 0);
        conns[i].state = CLOSED;
    }
    count = next_open = failed = 0;
    deliveries = gaps = duplicates = cut = refused = unrecovered = 0;
    took_count = 0;
    why[0] = 0;
    printf("{\"event\":\"closed\"}\n");
    fflush(stdout);
}

static int command(char *line) {
    unsigned long long a, b, c, d;
    int at = 0;
    if (sscanf(line, "open %llu %llu %llu %llu %n", &a, &b, &c, &d, &at) == 4 && at) {
        target_count = read_targets(line + at, targets);
        if (count + a > MOST) a = MOST - count;
        count += (uint32_t)a;
        at_once = (uint32_t)b;
        since = c;
        failed = 0;
        took_count = 0;
        opened_at = now_ns();
        open_by = opened_at + d * 1000000u;
        opening = target_count > 0;
    } else if (sscanf(line, "return %llu %llu %n", &a, &b, &at) == 2 && at) {
        home_min = a * 1000000u;
        home_max = b * 1000000u;
        took_count = 0;
        home_count = read_targets(line + at, homes);
    } else if (sscanf(line, "expect %llu %llu %llu", &a, &b, &c) == 3) {
        expect_live = (uint32_t)a;
        expect_offset = b;
        expect_by = now_ns() + c * 1000000u;
        expecting = 1;
        tick(now_ns());
    } else if (sscanf(line, "record %llu", &a) == 1) {
        stamps_begin(a, live);
    } else if (!strncmp(line, "delays ", 7)) {
        stamps_print(line + 7);
        fflush(stdout);
    } else if (!strcmp(line, "status")) {
        print_status("status");
    } else if (!strcmp(line, "close")) {
        close_all();
    } else {
        return 0;
    }
    return 1;
}

/* Read and do what has come on stdin; 0 at its end, after quit, and after what is no command. */
static int commands(void) {
    static char *held;
    static size_t have, room;
    for (;;) {
        if (room - have < 65536) held = realloc(held, room = room * 2 + 131072);
        ssize_t got = read(0, held + have, room - have - 1);
        if (got == 0) return 0;
        if (got < 0) return errno == EAGAIN;
        have += (size_t)got;
        char *from = held, *line;
        while ((line = memchr(from, '\n', have - (size_t)(from - held)))) {
            *line = 0;
            if (!command(from)) return 0;
            from = line + 1;
        }
        have -= (size_t)(from - held);
        memmove(held, from, have);
    }
}
