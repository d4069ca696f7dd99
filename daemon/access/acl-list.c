/* SPDX-License-Identifier: Apache-2.0 */

/* Rules that are asked together. */

#include "access/acl-list.h"

#include <errno.h>
#include <stdlib.h>

#include "util/macro.h"

void acl_list_done(AclList *list)
{
        acl_tree_free(list->tree);
        free(list->rules);
}

int acl_list_add(AclList *list, const AclRule *rule)
{
        if (list->n == list->allocated) {
                size_t allocated = list->allocated ? list->allocated * 2 : 4;
                AclRule *rules = reallocarray(list->rules, allocated, sizeof(*rules));

                if (!rules)
                        return -ENOMEM;
                list->rules = rules;
                list->allocated = allocated;
        }
        list->rules[list->n++] = *rule;
        return 0;
}

/* Loose rules to the end, the others into the tree. */
int acl_list_finish(AclList *list)
{
        for (size_t i = 0; i < list->n - list->n_loose;) {
                AclRule rule = list->rules[i];

                if (!rule.is_loose) {
                        i++;
                        continue;
                }
                list->n_loose++;
                list->rules[i] = list->rules[list->n - list->n_loose];
                list->rules[list->n - list->n_loose] = rule;
        }
        return acl_tree_new(list->rules, list->n - list->n_loose, list->is_pattern, &list->tree);
}

unsigned acl_list_check(const AclList *list, const AclSubject *subject, unsigned access,
                        Bytes topic)
{
        const unsigned wanted = access | ACL_DENY;
        unsigned bits = acl_tree_check(list->tree, subject, access, topic);

        for (size_t i = list->n - list->n_loose; i < list->n && !(bits & ACL_DENY); i++)
                if ((list->rules[i].bits & wanted & ~bits) &&
                    acl_rule_matches(&list->rules[i], true, subject, topic))
                        bits |= list->rules[i].bits & wanted;
        return bits;
}

/* Takes the rule for what has been found so far, if it says more. */
static void prefer(const AclRule *rule, AclRelation relation, AclRelation *so_far,
                   const AclRule **by)
{
        if (relation < *so_far || relation == ACL_APART)
                return;
        if (relation > *so_far || rule->line < (*by)->line)
                *by = rule;
        *so_far = relation;
}

AclVerdict acl_list_relate(const AclList *list, const AclSubject *subject, Bytes filter)
{
        AclVerdict verdict = {ACL_APART, ACL_APART, NULL, NULL};

        for (size_t i = 0; i < list->n; i++) {
                const AclRule *rule = &list->rules[i];
                AclRelation relation;

                if (!(rule->bits & (ACL_READ | ACL_DENY)))
                        continue;
                relation = acl_rule_relation(rule, list->is_pattern, subject, filter);
                if (rule->bits & ACL_DENY)
                        prefer(rule, relation, &verdict.denied, &verdict.denying);
                else
                        prefer(rule, relation, &verdict.allowed, &verdict.allowing);
        }
        return verdict;
}

const AclRule *acl_list_explain(const AclList *list, const AclSubject *subject, unsigned access,
                                Bytes topic)
{
        const AclRule *found = NULL;

        for (size_t i = 0; i < list->n; i++) {
                const AclRule *rule = &list->rules[i];
                bool is_better = !found || (rule->bits & ACL_DENY) > (found->bits & ACL_DENY) ||
                                 ((rule->bits & ACL_DENY) == (found->bits & ACL_DENY) &&
                                  rule->line < found->line);

                if ((rule->bits & (access | ACL_DENY)) && is_better &&
                    acl_rule_matches(rule, list->is_pattern, subject, topic))
                        found = rule;
        }
        return found;
}
