/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Stands in for libFuzzer in ordinary builds: runs the fuzzer over each file of the folder given,
 * and over simple mutations of it. Deterministic; the same in every run.
 *
 * Usage: fuzz-NAME FOLDER
 */

#include <dirent.h>
#include <string.h>

#include "fuzz.h"

#define INPUT_MAX    65536
#define MUTATED_MAX  1024 /* longer inputs are mutated in their first bytes only */
#define RANDOM_TURNS 300

/* Byte values that are the edge of something in MQTT. */
static const uint8_t edges[] = {0x00, 0x01, 0x02, 0x03, '#', '+', '/', '$', 0x7F, 0x80, 0xC0, 0xFF};

typedef struct Input {
        uint8_t data[INPUT_MAX];
        size_t size;
} Input;

/* In a block of exactly its size, for the sanitizer. */
static void run(const uint8_t *data, size_t size)
{
        uint8_t *copy = malloc(size > 0 ? size : 1);

        must(copy);
        memcpy(copy, data, size);
        LLVMFuzzerTestOneInput(copy, size);
        free(copy);
}

static void run_with_byte(Input *input, size_t at, uint8_t byte)
{
        uint8_t saved = input->data[at];

        input->data[at] = byte;
        run(input->data, input->size);
        input->data[at] = saved;
}

static void mutate_byte(Input *input, size_t at)
{
        uint8_t cut[INPUT_MAX];

        for (size_t i = 0; i < sizeof(edges); i++)
                run_with_byte(input, at, edges[i]);
        for (unsigned int bit = 0; bit < 8; bit++)
                run_with_byte(input, at, (uint8_t)(input->data[at] ^ 1u << bit));
        run_with_byte(input, at, (uint8_t)(input->data[at] + 1));
        run_with_byte(input, at, (uint8_t)(input->data[at] - 1));
        run(input->data, at); /* cut short */
        memcpy(cut, input->data, at);
        memcpy(cut + at, input->data + at + 1, input->size - at - 1);
        run(cut, input->size - 1); /* without it */
}

/* Several bytes at once. */
static void mutate_randomly(const Input *input)
{
        uint64_t state = 0x9E3779B97F4A7C15u ^ input->size;

        for (size_t turn = 0; turn < RANDOM_TURNS && input->size > 0; turn++) {
                Input other = *input;

                for (size_t i = 0; i <= turn % 4; i++) {
                        state ^= state << 13;
                        state ^= state >> 7;
                        state ^= state << 17;
                        other.data[state % other.size] = edges[(state >> 32) % sizeof(edges)];
                }
                run(other.data, other.size);
        }
}

static void replay(const char *folder, const char *name)
{
        static Input input;
        char path[4096];
        FILE *file;

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        file = fopen(path, "rb");
        must(file);
        input.size = fread(input.data, 1, sizeof(input.data), file);
        fclose(file);
        run(input.data, input.size);
        for (size_t at = 0; at < input.size && at < MUTATED_MAX; at++)
                mutate_byte(&input, at);
        mutate_randomly(&input);
}

int main(int argc, char **argv)
{
        struct dirent **entries;
        int n = argc == 2 ? scandir(argv[1], &entries, NULL, alphasort) : -1;
        int files = 0;

        if (n < 0) {
                fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
                return EXIT_FAILURE;
        }
        run((const uint8_t *)"", 0);
        for (int i = 0; i < n; i++) {
                if (entries[i]->d_name[0] != '.') {
                        replay(argv[1], entries[i]->d_name);
                        files++;
                }
                free(entries[i]);
        }
        free(entries);
        printf("%d files\n", files);
        return files > 0 ? EXIT_SUCCESS : EXIT_FAILURE; /* an empty corpus tests nothing */
}
