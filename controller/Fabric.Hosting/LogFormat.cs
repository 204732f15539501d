namespace Fabric.Hosting;

/// <summary>How log lines look.</summary>
public enum LogFormat
{
    /// <summary>One line of text an event.</summary>
    Text,

    /// <summary>One JSON object an event.</summary>
    Json,
}
