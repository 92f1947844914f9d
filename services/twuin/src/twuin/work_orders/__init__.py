"""Work in the field: given to a crew by zone and skill, done on the crew's phone."""

from twuin.work_orders.crews import Crew, CrewFileWrong
from twuin.work_orders.crews import load as load_crews
from twuin.work_orders.crews import read as read_crews
from twuin.work_orders.model import Installation, Kind, State, Survey, within_city
from twuin.work_orders.service import (
    ReportedPhoto,
    WorkOrder,
    WorkOrderNotFound,
    by_subject,
    cancel,
    create,
    get,
    hold,
    note_reports,
)

__all__ = [
    "Crew",
    "CrewFileWrong",
    "Installation",
    "Kind",
    "ReportedPhoto",
    "State",
    "Survey",
    "WorkOrder",
    "WorkOrderNotFound",
    "by_subject",
    "cancel",
    "create",
    "get",
    "hold",
    "load_crews",
    "note_reports",
    "read_crews",
    "within_city",
]
