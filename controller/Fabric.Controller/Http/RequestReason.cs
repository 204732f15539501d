using Fabric.Controller.Contracts;

namespace Fabric.Controller.Http;

/// <summary>Why somebody writes: their own words, for the audit log.</summary>
public static class RequestReason
{
    /// <summary>The header that carries it where the body cannot.</summary>
    public const string Header = "X-Fabric-Reason";

    /// <summary>Longest reason in characters.</summary>
    public const int MaxLength = 1024;

    /// <summary>The reason in the header; empty where there is none.</summary>
    /// <exception cref="ProblemException">It is too long or cannot be shown.</exception>
    public static string Of(HttpRequest request)
    {
        var text = request.Headers[Header].ToString();
        return Fault(text) is { } fault ? throw new ProblemException(Problems.Malformed($"{Header}: {fault}")) : text;
    }

    /// <summary>As much of the reason in the header as can be kept.</summary>
    public static string Peek(HttpRequest request)
    {
        var text = request.Headers[Header].ToString();
        return Fault(text) is null ? text : "";
    }

    /// <summary>What is wrong with a reason, or null.</summary>
    public static string? Fault(string text) =>
        text.Length > MaxLength ? $"a reason has at most {MaxLength} characters"
        : text.Any(c => char.IsControl(c)) ? "a reason has no control characters"
        : null;
}
