"""Every reason of a plan in plain words, and the way out of those that need a person. For `dialctl explain`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReasonHelp:
    """What a reason means."""

    meaning: str
    """One or two sentences."""
    way_out: str = ""
    """What to do, with commands as they are typed; empty where nothing has to be done."""


REASONS = {
    "new": ReasonHelp("The resource is new: nobody in it was submitted before."),
    "added": ReasonHelp("These people were added to a resource that was applied before."),
    "submitted_again": ReasonHelp("These people were taken off before they were called, and are wanted again."),
    "refused_before": ReasonHelp(
        "The provider turned these people away before any phone was called, and settings changed or the retry policy "
        "names pre_dial. They are submitted again."
    ),
    "settings_changed": ReasonHelp("Settings changed, so whoever still waits moves to a new batch."),
    "batch_mates": ReasonHelp(
        "These people share a batch with somebody who has to leave it. A batch cannot be edited, so it is cancelled "
        "and they are submitted again."
    ),
    "twins": ReasonHelp("Two live batches hold the same waiting people. Both are cancelled, then one is submitted."),
    "unreached": ReasonHelp("These people were not reached, and the retry policy calls them again."),
    "not_desired": ReasonHelp("The manifest does not name these people any more."),
    "suppressed": ReasonHelp("These people are on a do-not-call list.", "edit the list under policy.suppress_from"),
    "other_country": ReasonHelp("These numbers are of a country that the policy does not allow."),
    "removed": ReasonHelp("The manifest was removed.", "bring the manifest back to keep its people"),
    "paused": ReasonHelp("The manifest says state: cancelled.", "set state: present"),
    "expired": ReasonHelp("The time under expires_at has passed, or passes before a call could begin."),
    "calling_hours": ReasonHelp(
        "It is outside the calling hours of these people, or a batch could not begin their calls before the hours end. "
        "They wait for the next window."
    ),
    "too_early": ReasonHelp("scheduled_at is further ahead than the provider takes. A later run submits them."),
    "retry_after": ReasonHelp("These people were not reached, and the time under retry.after has not passed yet."),
    "rollout": ReasonHelp("These people belong to a later step of the rollout."),
    "frequency": ReasonHelp(
        "These numbers were called, or will be, as often as frequency in the Project's policy allows, by all resources "
        "together. They wait, and the plan says until when."
    ),
    "not_approved": ReasonHelp(
        "This run calls only for what was approved (--only-approved), and the manifest or the project's policy changed "
        "since, or the address was blocked then. Who waits at the provider stays there.",
        "dialctl apply without --only-approved, and confirm the plan",
    ),
    "found": ReasonHelp("A batch with our mark is at the provider, and the lock does not know it. It is taken over."),
    "renamed": ReasonHelp("The resource took over what was done under an earlier address (metadata.previously)."),
    "over": ReasonHelp("Everything here is over and no longer wanted. The lock keeps its people as a tombstone."),
    "unchanged": ReasonHelp("Everybody is where the manifest wants them."),
    "called_once": ReasonHelp(
        "A Call is called once in its life. Editing it changes nothing.", "give it a new name to call again"
    ),
    "unsure": ReasonHelp(
        "The answer to a request was lost, and nothing proves whether these people were called. Nobody is called again "
        "until it is settled. Of people who are not wanted any more it is only shown, and needs no decision.",
        "dialctl apply again later may settle it; you decide it with dialctl resolve ADDRESS --placed | "
        "--not-placed, or name the call that dialctl status shows: ADDRESS#CALL_ID --placed",
    ),
    "being_applied": ReasonHelp("Another run holds the lease and works on it now.", "wait for that run"),
    "revoked": ReasonHelp(
        "This batch belongs to a request that was given up as lost. It is cancelled when it is seen."
    ),
    "not_taken_off": ReasonHelp(
        "A cancel was sent, and the provider still does not show these people as cancelled.",
        "dialctl apply again; if it stays so, stop the batch in the provider's dashboard",
    ),
    "lost": ReasonHelp(
        "The provider does not know a batch or call that the lock names.",
        "check key and host; if it is really gone, dialctl resolve ADDRESS#REMOTE_ID --placed counts it as called",
    ),
    "members_unreadable": ReasonHelp(
        "The people of a batch could not be read in full, so somebody in it could look as if they were never called.",
        "try again later; dialctl resolve ADDRESS#REMOTE_ID --placed counts all of it as called",
    ),
    "no_memory": ReasonHelp(
        "There is no lock, and nothing else proves who was called before.",
        "bring dialctl.lock back; or dialctl state new for a project that never called anybody; or dialctl state "
        "rebuild from the marks at the provider",
    ),
    "other_lineage": ReasonHelp(
        "Batches of this project are at the provider that another lock placed.",
        "bring back the lock that placed them, or dialctl state rebuild --keep LINEAGE",
    ),
    "lock_is_older": ReasonHelp(
        "A later run changed this resource, and its lock is not here.",
        "update the checkout; if that lock is gone, dialctl state rebuild --over-older",
    ),
    "manifests_are_older": ReasonHelp(
        "A newer commit was applied already. Nothing is sent from an older one.",
        "update the checkout, or dialctl apply --allow-older",
    ),
    "cancelled_elsewhere": ReasonHelp(
        "Somebody cancelled a batch at the provider without dialctl.",
        "dialctl resolve ADDRESS --resume submits its people again; state: cancelled keeps them off",
    ),
    "looks_renamed": ReasonHelp(
        "A new Batch has the people of an address that leaves in the same plan. It may be the same one, renamed.",
        "list the earlier address under metadata.previously, or apply the two changes one after the other",
    ),
    "mark_lost": ReasonHelp(
        "The provider did not keep our mark on a batch, so it was cancelled at once.",
        "dialctl resolve ADDRESS --resume",
    ),
    "provider_changed": ReasonHelp(
        "The manifest names another provider than the one where its batches and calls are. Whoever has to be taken off "
        "there is taken off all the same.",
        "put the provider back; or let it finish, or cancel it with state: cancelled, and give the new campaign a new "
        "name",
    ),
    "missing_reference": ReasonHelp(
        "The provider does not know the agent or the calling number.",
        "correct it in the manifest; dialctl agents and dialctl numbers list those that exist",
    ),
    "released": ReasonHelp(
        "A do-not-call list that guards the resource holds fewer numbers than at the last apply, or is not named any "
        "more, so people who were on it could be called. Taking off goes on.",
        "bring the list back; if it is meant, dialctl apply --allow-release FILE, or allow_release in the Project's "
        "policy",
    ),
    "no_sandbox": ReasonHelp(
        "The sandbox does not simulate this provider type, or its own simulator fails.",
        "run without --sandbox, or install or mend its simulator",
    ),
    "halted": ReasonHelp(
        "The calls went wrong as halt_when says, or a person stopped them (dialctl halt): who waited was taken off and "
        "nobody is called. Under DIALCTL_HALT the runs of one machine call nobody, and whoever waits stays.",
        "dialctl resolve ADDRESS --resume (after dialctl halt --all: dialctl resolve --all --resume); another "
        "halt_when; state: cancelled; or unset DIALCTL_HALT",
    ),
    "not_read": ReasonHelp(
        "The provider could not be read in this run, so nothing is known and nothing is sent. Or a do-not-call list "
        "under a URL was not read: then nobody new is called, and taking off goes on.",
        "run again; the failure names what went wrong",
    ),
}
"""By the word in a plan."""
