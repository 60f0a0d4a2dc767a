"""What happened in a community: who, what kind, on which object, when."""

from metering.imports.mapping import Condition, Mapping, Rule, Value

__all__ = ("EXAMPLE", "MAPPING", "TEXT", "TITLE")

TITLE = "Community activity"
TEXT = "One row an act: author, kind, object, date. Posts, answers, comments and the like count as contributions."
EXAMPLE = "Author,Kind,Object,Date"

_MADE = {
    "post": "post", "topic": "post", "discussion": "post", "question": "post", "message": "post", "thread": "post",
    "answer": "answer", "solution": "answer", "reply": "comment", "comment": "comment", "wiki": "wiki_edit",
    "wiki edit": "wiki_edit", "wiki_edit": "wiki_edit", "page": "wiki_edit", "blog": "blog", "blog post": "blog",
    "article": "blog", "idea": "idea", "file": "upload", "upload": "upload", "document": "upload", "rating": "rating",
    "review": "rating", "forecast": "forecast", "prediction": "forecast",
}  # fmt: skip
_DONE = {
    "view": "viewed", "viewed": "viewed", "visit": "viewed", "read": "read", "play": "played", "played": "played",
    "search": "searched", "searched": "searched", "follow": "followed", "followed": "followed", "like": "reacted",
    "liked": "reacted", "reaction": "reacted", "reacted": "reacted", "vote": "reacted", "download": "downloaded",
    "downloaded": "downloaded",
}  # fmt: skip
_IDENTITY = ["Author", "Kind", "Object", "Date"]

MAPPING = Mapping(
    source="community",
    columns={
        "Author": ["User", "User ID", "Username", "Member", "Created by", "author_id", "Email"],
        "Kind": ["Type", "Action", "Activity", "Post type", "Content type"],
        "Object": ["Object ID", "Post ID", "Topic ID", "Content ID", "Item", "URL", "Title", "object_id"],
        "Date": ["Time", "Created", "Created at", "Timestamp", "Posted at", "created_at"],
        "Community": ["Group", "Space", "Category", "community_id"],
    },
    optional=["Community"],
    rules=[
        Rule(
            key="made",
            when=[Condition(column="Kind", any_of=list(_MADE))],
            type="contribution.created",
            time="Date",
            subject="Author",
            identity=_IDENTITY,
            data={
                "kind": Value(column="Kind", values=_MADE),
                "object_id": Value(column="Object", required=True),
                "community_id": "Community",
            },
        ),
        Rule(
            key="done",
            when=[Condition(column="Kind", none_of=list(_MADE))],
            type="activity.performed",
            time="Date",
            subject="Author",
            identity=_IDENTITY,
            data={
                "verb": Value(column="Kind", values=_DONE, required=True),
                "object_type": Value(const="content"),
                "object_id": Value(column="Object", required=True),
                "community_id": "Community",
            },
        ),
    ],
)
