/* SPDX-License-Identifier: Apache-2.0 */

/* Questions to polkit. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/polkit.h"
#include "util/macro.h"

#define POLKIT_NAME      "org.freedesktop.PolicyKit1"
#define POLKIT_PATH      "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"

#define USEC_PER_SEC     UINT64_C(1000000)
#define MACHINE_TIMEOUT  (5 * USEC_PER_SEC)
#define PASSWORD_TIMEOUT (120 * USEC_PER_SEC)

/* At a time: of all callers, and of one. The bus lets one connection wait for 128 answers. */
#define ALL_MAX 64U
#define ONE_MAX 8U

typedef struct Question {
        List link;
        Polkit *all;
        BusCall call;
        const char *action;
        unsigned serial;
        bool may_interact;
        sd_bus_slot *answer, *gone;
} Question;

static void question_free(Question *question)
{
        if (list_is_linked(&question->link))
                question->all->n--;
        list_remove(&question->link);
        sd_bus_slot_unref(question->answer);
        sd_bus_slot_unref(question->gone);
        bus_call_done(&question->call);
        free(question);
}

static void format_id(const Question *question, char *ret_id, size_t size)
{
        snprintf(ret_id, size, "hawker-%u", question->serial);
}

/* Else its window would stay on the screen. Nobody waits for the answer. */
static void question_withdraw(const Question *question)
{
        char id[32];

        format_id(question, id, sizeof(id));
        sd_bus_call_method_async(sd_bus_message_get_bus(question->call.message), NULL, POLKIT_NAME,
                                 POLKIT_PATH, POLKIT_INTERFACE, "CancelCheckAuthorization", NULL,
                                 NULL, "s", id);
}

/* --- the answer --- */

static int refuse(const Question *question)
{
        return bus_call_refuse(&question->call, SD_BUS_ERROR_ACCESS_DENIED,
                               "polkit does not allow %s: root and members of the group "
                               "hawker-admin may do it",
                               question->action);
}

static int refuse_for_error(const Question *question, const sd_bus_error *error)
{
        if (sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
            sd_bus_error_has_name(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
                return bus_call_refuse(&question->call, SD_BUS_ERROR_ACCESS_DENIED,
                                       "Only root and members of the group hawker-admin may do "
                                       "this: there is no polkit that could allow %s to others",
                                       question->action);
        return bus_call_refuse(&question->call, SD_BUS_ERROR_ACCESS_DENIED,
                               "polkit did not say whether you may do %s: %s", question->action,
                               error->message ? error->message : error->name);
}

static int decide(const Question *question, sd_bus_message *reply)
{
        int is_authorized, is_challenge, r;

        r = sd_bus_message_enter_container(reply, 'r', "bba{ss}");
        if (r >= 0)
                r = sd_bus_message_read(reply, "bb", &is_authorized, &is_challenge);
        if (r < 0)
                return bus_call_refuse(&question->call, SD_BUS_ERROR_ACCESS_DENIED,
                                       "polkit's answer to %s makes no sense", question->action);
        if (is_authorized)
                return bus_call_run(&question->call);
        if (is_challenge && !question->may_interact)
                return bus_call_refuse(&question->call,
                                       SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
                                       "polkit wants a password for %s, and cannot ask for it "
                                       "here: root and members of the group hawker-admin need "
                                       "none",
                                       question->action);
        return refuse(question);
}

static int on_answer(sd_bus_message *reply, void *data, sd_bus_error *ret_error)
{
        const sd_bus_error *error = sd_bus_message_get_error(reply);
        Question *question = data;
        int r;

        /* sd-bus says so after the time; polkit may be at work still. */
        if (sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY))
                question_withdraw(question);
        r = error ? refuse_for_error(question, error) : decide(question, reply);
        question_free(question);
        return r;
}

static int on_gone(sd_bus_message *signal, void *data, sd_bus_error *ret_error)
{
        question_withdraw(data);
        question_free(data);
        return 0;
}

/* --- the question --- */

/* The unique name of a caller is never given to another one: a change is its end. */
static int question_watch(Question *question, sd_bus *bus)
{
        char match[512];
        int n;

        n = snprintf(match, sizeof(match),
                     "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                     "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='%s'",
                     sd_bus_message_get_sender(question->call.message));
        if (n < 0 || (size_t)n >= sizeof(match))
                return -EINVAL;
        return sd_bus_add_match_async(bus, &question->gone, match, on_gone, NULL, question);
}

static int question_append(const Question *question, sd_bus_message *message)
{
        char id[32];

        format_id(question, id, sizeof(id));
        return sd_bus_message_append(message, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s",
                                     sd_bus_message_get_sender(question->call.message),
                                     question->action, 0, (uint32_t)question->may_interact, id);
}

static int question_send(Question *question, sd_bus *bus)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &message, POLKIT_NAME, POLKIT_PATH,
                                           POLKIT_INTERFACE, "CheckAuthorization");
        if (r >= 0)
                r = question_append(question, message);
        if (r >= 0)
                r = sd_bus_call_async(bus, &question->answer, message, on_answer, question,
                                      question->may_interact ? PASSWORD_TIMEOUT : MACHINE_TIMEOUT);
        return r;
}

static bool has_room(const Polkit *polkit, const char *sender)
{
        unsigned n = 0;

        list_foreach (Question, question, &polkit->questions, link)
                n += strcmp(sd_bus_message_get_sender(question->call.message), sender) == 0;
        return polkit->n < ALL_MAX && n < ONE_MAX;
}

void polkit_init(Polkit *polkit)
{
        *polkit = (Polkit){};
        list_init(&polkit->questions);
}

int polkit_ask(Polkit *polkit, const BusCall *call, const char *action)
{
        sd_bus *bus = sd_bus_message_get_bus(call->message);
        Question *question;
        int r;

        if (!has_room(polkit, sd_bus_message_get_sender(call->message)))
                return bus_call_refuse(call, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                       "polkit is asked about too many calls at a time: wait for "
                                       "the answers");
        question = calloc(1, sizeof(*question));
        if (!question)
                return -ENOMEM;
        *question = (Question){.all = polkit,
                               .call = bus_call_ref(call),
                               .action = action,
                               .serial = ++polkit->serial};
        question->may_interact =
                sd_bus_message_get_allow_interactive_authorization(call->message) > 0;
        list_append(&polkit->questions, &question->link);
        polkit->n++;
        r = question_watch(question, bus);
        if (r >= 0)
                r = question_send(question, bus);
        if (r < 0)
                question_free(question);
        return r < 0 ? r : 1;
}

void polkit_done(Polkit *polkit)
{
        Question *question;

        while ((question = list_first_entry(&polkit->questions, Question, link)))
                question_free(question);
}
