"""What each worker of the portal's server imports: the application, with the settings of the environment."""

from chassis import settings, telemetry

from gateway.app import create_app
from gateway.settings import PREFIX, Settings

_settings = settings.load(Settings, PREFIX)
telemetry.configure("gateway", "web", _settings)
app = create_app(_settings)
