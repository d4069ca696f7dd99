/* SPDX-License-Identifier: Apache-2.0 */
/* lmdb-pages.c: the format of LMDB 0.9 on 64 bits, read as bytes. */
#include "store/lmdb-pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/macro.h"

#define MAGIC  0xbeefc0deU
#define FORMAT 1U

#define HEADS     2U /* the first pages are heads of the file */
#define DEPTH_MAX 32U
#define NO_PAGE   UINT64_MAX

#define PAGE_SIZE_MIN 512U
#define PAGE_SIZE_MAX 65536U

enum { PAGE_BRANCH = 0x01, PAGE_LEAF = 0x02, PAGE_OVERFLOW = 0x04, PAGE_HEAD = 0x08 };
enum { NODE_BIG = 0x01, NODE_TREE = 0x02 };
enum { TREE_INTEGER_KEY = 0x08, TREE_NO_FOLDER = 0x4000 /* how the file was opened first */ };

typedef struct Page {
        uint64_t number;
        uint16_t pad, flags;
        uint16_t lower, upper; /* between them it is free; of an overflow page: how many */
} Page;

typedef struct Tree {
        uint32_t pad; /* of the tree of free pages: the size of a page */
        uint16_t flags, depth;
        uint64_t branches, leaves, overflows, entries, root;
} Tree;

typedef struct Head {
        Page page;
        uint32_t magic, version;
        uint64_t address, map_size;
        Tree free, main;
        uint64_t last; /* page that is used or free */
        uint64_t txn;
} Head;

typedef struct Node {
        uint16_t low, high, flags, key_size; /* then the key and the data */
} Node;

typedef struct Check {
        const uint8_t *map;
        uint64_t page_size, n_pages; /* in the file */
        uint64_t last, txn;
        uint8_t *seen; /* a bit for each page */
        bool is_free;  /* the tree that is walked is that of free pages */
        Tree counted;
} Check;

static bool claim(Check *check, uint64_t first, uint64_t n)
{
        if (first < HEADS || first > check->last || n > check->last - first + 1)
                return false;
        for (uint64_t i = first; i < first + n; i++) {
                if (check->seen[i / 8] & 1U << i % 8)
                        return false;
                check->seen[i / 8] |= (uint8_t)(1U << i % 8);
        }
        return true;
}

/* NULL: it is not that page. */
static const uint8_t *page_at(const Check *check, uint64_t number, uint16_t flags, Page *ret_page)
{
        const uint8_t *bytes = check->map + number * check->page_size;

        if (number >= check->n_pages)
                return NULL;
        memcpy(ret_page, bytes, sizeof(*ret_page));
        return ret_page->number == number && ret_page->flags == flags ? bytes : NULL;
}

/* Data that has pages of its own, more of them perhaps than it needs now. NULL: it is damaged. */
static const uint8_t *big_data(Check *check, uint64_t number, uint64_t size)
{
        Page page;
        const uint8_t *bytes = page_at(check, number, PAGE_OVERFLOW, &page);
        uint64_t n;

        if (!bytes)
                return NULL;
        n = page.lower | (uint64_t)page.upper << 16;
        if (n > check->n_pages - number || sizeof(Page) + size > n * check->page_size ||
            !claim(check, number, n))
                return NULL;
        check->counted.overflows += n;
        return bytes + sizeof(Page);
}

/* --- trees --- */

static bool check_tree(Check *check, const Tree *tree, uint16_t flags, bool is_free);

/* The pages that a transaction has left: how many, then their numbers, falling. */
static bool check_list(Check *check, const uint8_t *data, uint64_t size)
{
        uint64_t n, number, before = NO_PAGE;

        if (size < sizeof(n))
                return false;
        memcpy(&n, data, sizeof(n));
        if (size % sizeof(n) != 0 || n != size / sizeof(n) - 1)
                return false;
        for (uint64_t i = 1; i <= n; i++) {
                memcpy(&number, data + i * sizeof(number), sizeof(number));
                if (number >= before || !claim(check, number, 1))
                        return false;
                before = number;
        }
        return true;
}

/* A tree in the tree of trees; walked when the one that it is in does not count on. */
static bool check_inner(Check *check, const uint8_t *data, uint64_t size)
{
        Tree inner, outer = check->counted;
        bool good;

        if (size != sizeof(inner))
                return false;
        memcpy(&inner, data, sizeof(inner));
        good = check_tree(check, &inner, 0, false);
        check->counted = outer;
        return good;
}

static bool check_leaf_node(Check *check, const Node *node, const uint8_t *key)
{
        const uint8_t *data = key + node->key_size;
        uint64_t size = node->low | (uint64_t)node->high << 16, number, txn;

        check->counted.entries++;
        if (node->key_size == 0)
                return false;
        if (node->flags == NODE_BIG) {
                memcpy(&number, data, sizeof(number));
                data = big_data(check, number, size);
                if (!data)
                        return false;
        } else if (node->flags == NODE_TREE) {
                return !check->is_free && check_inner(check, data, size);
        } else if (node->flags != 0) {
                return false;
        }
        if (!check->is_free)
                return true;
        if (node->key_size != sizeof(txn))
                return false;
        memcpy(&txn, key, sizeof(txn));
        return txn <= check->txn && check_list(check, data, size);
}

static bool check_page(Check *check, uint64_t number, unsigned depth);

static bool check_node(Check *check, const Node *node, const uint8_t *key, unsigned depth)
{
        if (depth == 1)
                return check_leaf_node(check, node, key);
        return check_page(check,
                          node->low | (uint64_t)node->high << 16 | (uint64_t)node->flags << 32,
                          depth - 1);
}

/* What a node takes of its page, which is even; 0: it does not fit in there. */
static uint64_t node_size(const Check *check, const Node *node, uint64_t at, bool is_leaf)
{
        uint64_t size = sizeof(*node) + node->key_size;

        if (is_leaf)
                size += node->flags & NODE_BIG ? sizeof(uint64_t)
                                               : node->low | (uint64_t)node->high << 16;
        size += size % 2;
        return size <= check->page_size - at ? size : 0;
}

/* Nodes lie side by side: so if they fill what is not free, none lies upon another, or they would
 * be found out by what is in them. */
static bool check_page(Check *check, uint64_t number, unsigned depth)
{
        bool is_leaf = depth == 1;
        uint64_t used = 0, size, least = is_leaf || check->is_free ? 1 : 2, n;
        uint16_t at;
        Page page;
        Node node;
        const uint8_t *bytes = page_at(check, number, is_leaf ? PAGE_LEAF : PAGE_BRANCH, &page);

        if (!bytes || !claim(check, number, 1) || page.lower < sizeof(page) || page.lower % 2 ||
            page.lower > page.upper || page.upper > check->page_size)
                return false;
        n = (page.lower - sizeof(page)) / sizeof(at);
        for (uint64_t i = 0; i < n; i++) {
                memcpy(&at, bytes + sizeof(page) + i * sizeof(at), sizeof(at));
                if (at < page.upper || at % 2 || at > check->page_size - sizeof(node))
                        return false;
                memcpy(&node, bytes + at, sizeof(node));
                size = node_size(check, &node, at, is_leaf);
                if (size == 0 || !check_node(check, &node, bytes + at + sizeof(node), depth))
                        return false;
                used += size;
        }
        check->counted.leaves += is_leaf;
        check->counted.branches += !is_leaf;
        return n >= least && used == check->page_size - page.upper;
}

static bool check_tree(Check *check, const Tree *tree, uint16_t flags, bool is_free)
{
        check->counted = (Tree){};
        check->is_free = is_free;
        if ((tree->flags & ~(is_free ? TREE_NO_FOLDER : 0)) != flags || tree->depth > DEPTH_MAX ||
            (tree->root == NO_PAGE) != (tree->depth == 0))
                return false;
        if (tree->depth > 0 && !check_page(check, tree->root, tree->depth))
                return false;
        return check->counted.branches == tree->branches && check->counted.leaves == tree->leaves &&
               check->counted.overflows == tree->overflows &&
               check->counted.entries == tree->entries;
}

/* --- the file --- */

static bool check_trees(Check *check, const Head *head)
{
        if (!check_tree(check, &head->free, TREE_INTEGER_KEY, true) ||
            !check_tree(check, &head->main, 0, false))
                return false;
        /* Beyond the end of the file there are only pages that were freed before they were written.
         */
        for (uint64_t i = check->n_pages; i <= check->last; i++)
                if (!(check->seen[i / 8] & 1U << i % 8))
                        return false;
        return true;
}

bool lmdb_head_is_sound(const uint8_t *page, size_t page_size, unsigned number)
{
        Head head;
        uint32_t magic;

        memcpy(&magic, page + sizeof(void *) + 8, sizeof(magic));
        if (sizeof(void *) != sizeof(uint64_t))
                return magic == MAGIC;
        memcpy(&head, page, sizeof(head));
        return head.magic == MAGIC && head.version == FORMAT && head.page.number == number &&
               head.page.flags == PAGE_HEAD && head.free.pad == page_size;
}

/* Reads the two heads; the newer one counts. 1: they hold together, 0: they do not, -1: they are of
 * another version. */
static int read_heads(const uint8_t *map, size_t size, Head *ret_head)
{
        Head heads[HEADS];
        size_t page_size;

        if (size < sizeof(Head))
                return 0;
        memcpy(&heads[0], map, sizeof(Head));
        page_size = heads[0].free.pad;
        if (heads[0].magic != MAGIC || page_size < PAGE_SIZE_MIN || page_size > PAGE_SIZE_MAX ||
            (page_size & (page_size - 1)) || size < HEADS * page_size)
                return 0;
        memcpy(&heads[1], map + page_size, sizeof(Head));
        if (heads[0].version == heads[1].version && heads[0].version != FORMAT)
                return -1;
        for (unsigned i = 0; i < HEADS; i++)
                if (!lmdb_head_is_sound(map + i * page_size, page_size, i))
                        return 0;
        *ret_head = heads[heads[1].txn > heads[0].txn];
        return 1;
}

static int check_map(const uint8_t *map, size_t size)
{
        Check check = {.map = map};
        Head head;
        bool good;
        int r = read_heads(map, size, &head);

        if (r <= 0)
                return r < 0 ? 0 : -EBADMSG;
        check.page_size = head.free.pad;
        check.n_pages = size / check.page_size;
        check.last = head.last;
        check.txn = head.txn;
        /* No transaction is so large that this is not a number that was damaged. */
        if (check.last < HEADS - 1 || check.last / 2 > check.n_pages + 65536)
                return -EBADMSG;
        check.seen = mmap(NULL, check.last / 8 + 1, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (check.seen == MAP_FAILED)
                return -errno;
        good = check_trees(&check, &head);
        munmap(check.seen, check.last / 8 + 1);
        return good ? 0 : -EBADMSG;
}

int lmdb_pages_check(const char *path)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        struct stat stat;
        void *map;
        int r;

        if (fd < 0 || fstat(fd, &stat) < 0)
                return -errno;
        if (sizeof(void *) != sizeof(uint64_t) || stat.st_size == 0)
                return 0;
        map = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_SHARED, fd, 0);
        if (map == MAP_FAILED)
                return -errno;
        r = check_map(map, (size_t)stat.st_size);
        munmap(map, (size_t)stat.st_size);
        return r;
}
