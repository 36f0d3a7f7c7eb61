"""What lists of sessions show besides the sessions themselves."""

from sqlalchemy.orm import Mapped, mapped_column

from mentorship.models.columns import Model


class DisplayVersion(Model):
    """One row that counts the changes of names and meeting links, which lists of sessions show.

    Triggers of the database count, because no booking's revision grows when somebody is renamed
    or a mentor sets another link. A poll compares it (decision 3).
    """

    __tablename__ = "display_versions"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]
