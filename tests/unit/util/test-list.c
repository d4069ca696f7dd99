/* SPDX-License-Identifier: Apache-2.0 */
/* test-list.c: order, removal, walks. */

#include <glib.h>

#include "util/list.h"

typedef struct Item {
        int number;
        List link;
} Item;

typedef struct Fixture {
        List head;
        Item items[6];
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
        list_init(&f->head);
        for (int i = 0; i < 6; i++) {
                f->items[i].number = i;
                list_init(&f->items[i].link);
        }
}

static void tear_down(Fixture *f, gconstpointer data)
{
}

static void append(Fixture *f, List *head, int from, int to)
{
        for (int i = from; i < to; i++)
                list_append(head, &f->items[i].link);
}

/* The numbers in the list as text, forwards; checks that backwards is the same. */
static void assert_list(List *head, const char *expected)
{
        GString *text = g_string_new(NULL), *reverse = g_string_new(NULL);

        list_foreach (Item, item, head, link)
                g_string_append_printf(text, "%d", item->number);
        for (List *node = head->prev; node != head; node = node->prev)
                g_string_append_printf(reverse, "%d", container_of(node, Item, link)->number);
        g_strreverse(reverse->str);
        g_assert_cmpstr(text->str, ==, expected);
        g_assert_cmpstr(reverse->str, ==, expected);
        g_string_free(text, TRUE);
        g_string_free(reverse, TRUE);
}

static void test_order(Fixture *f, gconstpointer data)
{
        append(f, &f->head, 1, 4);
        list_prepend(&f->head, &f->items[0].link);
        assert_list(&f->head, "0123");
        g_assert_true(list_first(&f->head) == &f->items[0].link);
        g_assert_true(list_last(&f->head) == &f->items[3].link);
        g_assert_true(list_first_entry(&f->head, Item, link) == &f->items[0]);
}

static void test_empty(Fixture *f, gconstpointer data)
{
        List zero = {0};

        g_assert_true(list_is_empty(&f->head));
        g_assert_true(list_is_empty(&zero));
        g_assert_null(list_first(&f->head));
        g_assert_null(list_last(&f->head));
        g_assert_null(list_first_entry(&f->head, Item, link));
        assert_list(&f->head, "");
        list_append(&f->head, &f->items[0].link);
        g_assert_false(list_is_empty(&f->head));
}

static void test_remove(Fixture *f, gconstpointer data)
{
        List zero = {0};

        append(f, &f->head, 0, 3);
        g_assert_true(list_is_linked(&f->items[1].link));
        list_remove(&f->items[1].link);
        g_assert_false(list_is_linked(&f->items[1].link));
        list_remove(&f->items[1].link);
        assert_list(&f->head, "02");
        list_remove(&zero);
        g_assert_false(list_is_linked(&zero));
}

static void test_foreach_safe(Fixture *f, gconstpointer data)
{
        append(f, &f->head, 0, 6);
        list_foreach_safe (Item, item, &f->head, link)
                if (item->number % 2 == 0)
                        list_remove(&item->link);
        assert_list(&f->head, "135");
}

static void test_splice(Fixture *f, gconstpointer data)
{
        List other = LIST_INIT(other), none = LIST_INIT(none);

        append(f, &f->head, 0, 2);
        append(f, &other, 2, 5);
        list_splice_tail(&f->head, &other);
        assert_list(&f->head, "01234");
        g_assert_true(list_is_empty(&other));
        list_splice_tail(&f->head, &none);
        assert_list(&f->head, "01234");
        list_splice_tail(&other, &f->head);
        assert_list(&other, "01234");
        assert_list(&f->head, "");
}

#define ADD(name, func) g_test_add(name, Fixture, NULL, set_up, func, tear_down)

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        ADD("/util/list/keeps-order", test_order);
        ADD("/util/list/empty", test_empty);
        ADD("/util/list/remove-twice", test_remove);
        ADD("/util/list/walk-survives-removal", test_foreach_safe);
        ADD("/util/list/splice-moves-all", test_splice);
        return g_test_run();
}
